BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE booking (
	id INTEGER NOT NULL, 
	public_id VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	conference_id INTEGER NOT NULL, 
	host_id INTEGER NOT NULL, 
	slot_id INTEGER NOT NULL, 
	guest_id INTEGER NOT NULL, 
	place VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	revision INTEGER NOT NULL, 
	child VARCHAR NOT NULL, 
	school_class VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	changed_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	FOREIGN KEY(guest_id) REFERENCES guest (id) ON DELETE CASCADE, 
	FOREIGN KEY(host_id) REFERENCES host (id), 
	FOREIGN KEY(slot_id) REFERENCES slot (id), 
	UNIQUE (public_id)
);
CREATE TABLE conference (
	id INTEGER NOT NULL, 
	public_id VARCHAR NOT NULL, 
	organiser_id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	description VARCHAR NOT NULL, 
	contact VARCHAR NOT NULL, 
	time_zone VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	slot_minutes INTEGER NOT NULL, 
	pause_minutes INTEGER NOT NULL, 
	offers_on_site BOOLEAN NOT NULL, 
	offers_video BOOLEAN NOT NULL, 
	opens_at DATETIME, 
	closes_at DATETIME, 
	lead_minutes INTEGER NOT NULL, 
	change_deadline_minutes INTEGER NOT NULL, 
	max_bookings_per_guest INTEGER NOT NULL, 
	max_bookings_per_guest_and_host INTEGER NOT NULL, 
	retention_days INTEGER NOT NULL, 
	contact_for_hosts BOOLEAN NOT NULL, 
	share_generation INTEGER NOT NULL, 
	share_token_hash VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (public_id)
);
CREATE TABLE effect (
	booking_id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	applied_revision INTEGER NOT NULL, 
	gave_up_revision INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_attempt_at DATETIME NOT NULL, 
	last_error VARCHAR NOT NULL, 
	remote JSON NOT NULL, 
	PRIMARY KEY (booking_id, kind), 
	FOREIGN KEY(booking_id) REFERENCES booking (id) ON DELETE CASCADE
);
CREATE TABLE guest (
	id INTEGER NOT NULL, 
	public_id VARCHAR NOT NULL, 
	conference_id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	email VARCHAR NOT NULL, 
	email_fingerprint VARCHAR NOT NULL, 
	phone VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	manage_generation INTEGER NOT NULL, 
	manage_token_hash VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	UNIQUE (conference_id, email_fingerprint), 
	UNIQUE (public_id)
);
CREATE TABLE guest_minute (
	guest_id INTEGER NOT NULL, 
	minute BIGINT NOT NULL, 
	booking_id INTEGER NOT NULL, 
	PRIMARY KEY (guest_id, minute), 
	FOREIGN KEY(booking_id) REFERENCES booking (id) ON DELETE CASCADE, 
	FOREIGN KEY(guest_id) REFERENCES guest (id) ON DELETE CASCADE
);
CREATE TABLE host (
	id INTEGER NOT NULL, 
	public_id VARCHAR NOT NULL, 
	conference_id INTEGER NOT NULL, 
	user_id VARCHAR NOT NULL, 
	display_name VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	room VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	offers_on_site BOOLEAN NOT NULL, 
	offers_video BOOLEAN NOT NULL, 
	can_video BOOLEAN NOT NULL, 
	checked_at DATETIME, 
	problem VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	UNIQUE (conference_id, user_id), 
	UNIQUE (public_id)
);
CREATE TABLE idempotency_key (
	key_hash VARCHAR NOT NULL, 
	booking_id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (key_hash), 
	FOREIGN KEY(booking_id) REFERENCES booking (id) ON DELETE CASCADE
);
CREATE TABLE instance_fact (
	name VARCHAR NOT NULL, 
	value JSON NOT NULL, 
	learned_at DATETIME NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE slot (
	id INTEGER NOT NULL, 
	public_id VARCHAR NOT NULL, 
	conference_id INTEGER NOT NULL, 
	host_id INTEGER NOT NULL, 
	starts_at DATETIME NOT NULL, 
	ends_at DATETIME NOT NULL, 
	blocked BOOLEAN NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	FOREIGN KEY(host_id) REFERENCES host (id) ON DELETE CASCADE, 
	UNIQUE (host_id, starts_at), 
	UNIQUE (public_id)
);
CREATE TABLE window (
	id INTEGER NOT NULL, 
	conference_id INTEGER NOT NULL, 
	host_id INTEGER, 
	day DATE NOT NULL, 
	starts TIME NOT NULL, 
	ends TIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	FOREIGN KEY(host_id) REFERENCES host (id) ON DELETE CASCADE
);
CREATE INDEX ix_conference_organiser_id ON conference (organiser_id);
CREATE INDEX ix_conference_share_token_hash ON conference (share_token_hash);
CREATE INDEX ix_guest_conference_id ON guest (conference_id);
CREATE INDEX ix_guest_manage_token_hash ON guest (manage_token_hash);
CREATE INDEX ix_host_conference_id ON host (conference_id);
CREATE INDEX ix_host_user_id ON host (user_id);
CREATE INDEX ix_slot_conference_id ON slot (conference_id);
CREATE INDEX ix_window_conference_id ON window (conference_id);
CREATE INDEX ix_booking_code ON booking (code);
CREATE INDEX ix_booking_conference_id ON booking (conference_id);
CREATE INDEX ix_booking_guest_id ON booking (guest_id);
CREATE INDEX ix_booking_host_id ON booking (host_id);
CREATE UNIQUE INDEX uq_booking_active_slot ON booking (slot_id) WHERE state = 'active';
CREATE INDEX ix_effect_due ON effect (next_attempt_at);
CREATE INDEX ix_guest_minute_booking_id ON guest_minute (booking_id);
CREATE INDEX ix_idempotency_key_booking_id ON idempotency_key (booking_id);
COMMIT;
