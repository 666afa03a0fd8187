BEGIN TRANSACTION;
CREATE TABLE admin_settings (
	id INTEGER NOT NULL, 
	value JSON NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE alarm (
	id INTEGER NOT NULL, 
	public_id VARCHAR NOT NULL, 
	conference_id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	about VARCHAR NOT NULL, 
	facts JSON NOT NULL, 
	since DATETIME NOT NULL, 
	ended_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	UNIQUE (public_id)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
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
	changed_at DATETIME NOT NULL, message VARCHAR DEFAULT '' NOT NULL, note VARCHAR DEFAULT '' NOT NULL, confirm_by DATETIME, cancelled_by VARCHAR DEFAULT '' NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	FOREIGN KEY(guest_id) REFERENCES guest (id) ON DELETE CASCADE, 
	FOREIGN KEY(host_id) REFERENCES host (id), 
	FOREIGN KEY(slot_id) REFERENCES slot (id), 
	UNIQUE (public_id)
);
CREATE TABLE calendar_question (
	booking_id INTEGER NOT NULL, 
	starts_at DATETIME, 
	ends_at DATETIME, 
	asked_at DATETIME NOT NULL, 
	PRIMARY KEY (booking_id), 
	FOREIGN KEY(booking_id) REFERENCES booking (id) ON DELETE CASCADE
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
	created_at DATETIME NOT NULL, booking_by VARCHAR DEFAULT 'link' NOT NULL, languages VARCHAR DEFAULT '' NOT NULL, walk_minutes INTEGER DEFAULT '5' NOT NULL, reminders VARCHAR DEFAULT '1440,60' NOT NULL, waiting_list BOOLEAN DEFAULT 1 NOT NULL, priority_from DATETIME, texts JSON DEFAULT '{}' NOT NULL, booking_mode VARCHAR DEFAULT 'direct' NOT NULL, wishes_until DATETIME, privacy_notice VARCHAR DEFAULT '' NOT NULL, feedback BOOLEAN DEFAULT 0 NOT NULL, display_shows VARCHAR DEFAULT 'initials' NOT NULL, display_generation INTEGER DEFAULT '1' NOT NULL, rehearsal VARCHAR DEFAULT '' NOT NULL, rehearsal_rooms JSON DEFAULT '[]' NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (public_id)
);
CREATE TABLE device_check (
	guest_id INTEGER NOT NULL, 
	conference_id INTEGER NOT NULL, 
	camera VARCHAR NOT NULL, 
	microphone VARCHAR NOT NULL, 
	webrtc VARCHAR NOT NULL, 
	connection VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (guest_id), 
	FOREIGN KEY(guest_id) REFERENCES guest (id) ON DELETE CASCADE, 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE
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
CREATE TABLE feedback_answer (
	id INTEGER NOT NULL, 
	conference_id INTEGER NOT NULL, 
	key_hash VARCHAR NOT NULL, 
	worth INTEGER NOT NULL, 
	ease INTEGER NOT NULL, 
	place VARCHAR NOT NULL, 
	comment VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	UNIQUE (key_hash)
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
	created_at DATETIME NOT NULL, child VARCHAR DEFAULT '' NOT NULL, school_class VARCHAR DEFAULT '' NOT NULL, invited BOOLEAN DEFAULT 0 NOT NULL, code_hash VARCHAR DEFAULT '' NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	UNIQUE (conference_id, email_fingerprint), 
	UNIQUE (public_id)
);
CREATE TABLE guest_host (
	guest_id INTEGER NOT NULL, 
	host_id INTEGER NOT NULL, 
	asked BOOLEAN NOT NULL, 
	PRIMARY KEY (guest_id, host_id), 
	FOREIGN KEY(guest_id) REFERENCES guest (id) ON DELETE CASCADE, 
	FOREIGN KEY(host_id) REFERENCES host (id) ON DELETE CASCADE
);
CREATE TABLE guest_letter (
	id INTEGER NOT NULL, 
	public_id VARCHAR NOT NULL, 
	guest_id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	payload JSON NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_attempt_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	sent_at DATETIME, 
	last_error VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(guest_id) REFERENCES guest (id) ON DELETE CASCADE, 
	UNIQUE (public_id), 
	UNIQUE (guest_id, kind, name)
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
	problem VARCHAR NOT NULL, classes VARCHAR DEFAULT '' NOT NULL, calendar VARCHAR DEFAULT '' NOT NULL, min_pause_minutes INTEGER DEFAULT '0' NOT NULL, max_in_a_row INTEGER DEFAULT '0' NOT NULL, calendar_read_at DATETIME, delay_minutes INTEGER DEFAULT '0' NOT NULL, delayed_on DATE, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	UNIQUE (conference_id, user_id), 
	UNIQUE (public_id)
);
CREATE TABLE host_wish (
	id INTEGER NOT NULL, 
	conference_id INTEGER NOT NULL, 
	guest_id INTEGER NOT NULL, 
	host_id INTEGER NOT NULL, 
	child VARCHAR NOT NULL, 
	school_class VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	FOREIGN KEY(guest_id) REFERENCES guest (id) ON DELETE CASCADE, 
	FOREIGN KEY(host_id) REFERENCES host (id) ON DELETE CASCADE, 
	UNIQUE (guest_id, host_id, child)
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
CREATE TABLE job (
	id INTEGER NOT NULL, 
	public_id VARCHAR NOT NULL, 
	conference_id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	payload JSON NOT NULL, 
	total INTEGER NOT NULL, 
	done INTEGER NOT NULL, 
	changed INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	UNIQUE (public_id)
);
CREATE TABLE job_item (
	job_id INTEGER NOT NULL, 
	guest_id INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_attempt_at DATETIME NOT NULL, 
	last_error VARCHAR NOT NULL, 
	PRIMARY KEY (job_id, guest_id), 
	FOREIGN KEY(guest_id) REFERENCES guest (id) ON DELETE CASCADE, 
	FOREIGN KEY(job_id) REFERENCES job (id) ON DELETE CASCADE
);
CREATE TABLE join_gate (
	server VARCHAR NOT NULL, 
	next_at DATETIME NOT NULL, 
	share FLOAT NOT NULL, 
	slowed_until DATETIME, 
	PRIMARY KEY (server)
);
CREATE TABLE live_call (
	booking_id INTEGER NOT NULL, 
	room VARCHAR NOT NULL, 
	server VARCHAR NOT NULL, 
	arrived_at DATETIME, 
	let_in_at DATETIME, 
	present JSON NOT NULL, 
	up_at DATETIME, 
	left_at DATETIME, 
	seen_at DATETIME, 
	mark VARCHAR NOT NULL, 
	marked_at DATETIME, 
	extra_minutes INTEGER NOT NULL, 
	family_says VARCHAR NOT NULL, 
	PRIMARY KEY (booking_id), 
	FOREIGN KEY(booking_id) REFERENCES booking (id) ON DELETE CASCADE
);
CREATE TABLE media_sample (
	id INTEGER NOT NULL, 
	server VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	reading JSON NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE notice (
	id INTEGER NOT NULL, 
	conference_id INTEGER NOT NULL, 
	user_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	about VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_attempt_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE
);
CREATE TABLE paper_job (
	id INTEGER NOT NULL, 
	public_id VARCHAR NOT NULL, 
	conference_id INTEGER NOT NULL, 
	user_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	options JSON NOT NULL, 
	state VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	pages INTEGER NOT NULL, 
	content BLOB, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	UNIQUE (public_id)
);
CREATE TABLE slot (
	id INTEGER NOT NULL, 
	public_id VARCHAR NOT NULL, 
	conference_id INTEGER NOT NULL, 
	host_id INTEGER NOT NULL, 
	starts_at DATETIME NOT NULL, 
	ends_at DATETIME NOT NULL, 
	blocked BOOLEAN NOT NULL, blocked_by VARCHAR DEFAULT '' NOT NULL, kept_open BOOLEAN DEFAULT 0 NOT NULL, held_for INTEGER, held_until DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	FOREIGN KEY(host_id) REFERENCES host (id) ON DELETE CASCADE, 
	UNIQUE (host_id, starts_at), 
	UNIQUE (public_id)
);
CREATE TABLE waiting_entry (
	id INTEGER NOT NULL, 
	public_id VARCHAR NOT NULL, 
	conference_id INTEGER NOT NULL, 
	host_id INTEGER NOT NULL, 
	guest_id INTEGER NOT NULL, 
	child VARCHAR NOT NULL, 
	school_class VARCHAR NOT NULL, 
	offered_slot_id INTEGER, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	FOREIGN KEY(host_id) REFERENCES host (id) ON DELETE CASCADE, 
	FOREIGN KEY(guest_id) REFERENCES guest (id) ON DELETE CASCADE, 
	FOREIGN KEY(offered_slot_id) REFERENCES slot (id) ON DELETE SET NULL, 
	UNIQUE (public_id), 
	UNIQUE (host_id, guest_id)
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
CREATE TABLE wish_run (
	id INTEGER NOT NULL, 
	public_id VARCHAR NOT NULL, 
	conference_id INTEGER NOT NULL, 
	seed INTEGER NOT NULL, 
	effort FLOAT NOT NULL, 
	state VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	progress JSON NOT NULL, 
	chosen JSON NOT NULL, 
	unserved JSON NOT NULL, 
	problem VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE, 
	UNIQUE (public_id)
);
CREATE TABLE wish_sheet (
	guest_id INTEGER NOT NULL, 
	conference_id INTEGER NOT NULL, 
	available JSON NOT NULL, 
	place VARCHAR NOT NULL, 
	walk_minutes INTEGER NOT NULL, 
	changed_at DATETIME NOT NULL, 
	PRIMARY KEY (guest_id), 
	FOREIGN KEY(guest_id) REFERENCES guest (id) ON DELETE CASCADE, 
	FOREIGN KEY(conference_id) REFERENCES conference (id) ON DELETE CASCADE
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
CREATE INDEX ix_job_conference_id ON job (conference_id);
CREATE INDEX ix_notice_conference_id ON notice (conference_id);
CREATE INDEX ix_guest_code_hash ON guest (code_hash);
CREATE INDEX ix_waiting_entry_conference_id ON waiting_entry (conference_id);
CREATE INDEX ix_waiting_entry_guest_id ON waiting_entry (guest_id);
CREATE INDEX ix_wish_sheet_conference_id ON wish_sheet (conference_id);
CREATE INDEX ix_host_wish_conference_id ON host_wish (conference_id);
CREATE INDEX ix_wish_run_conference_id ON wish_run (conference_id);
CREATE INDEX ix_feedback_answer_conference_id ON feedback_answer (conference_id);
CREATE INDEX ix_paper_job_conference_id ON paper_job (conference_id);
CREATE INDEX ix_live_call_room ON live_call (room);
CREATE INDEX ix_media_sample_at ON media_sample (at);
CREATE INDEX ix_alarm_conference_id ON alarm (conference_id);
CREATE INDEX ix_device_check_conference_id ON device_check (conference_id);
COMMIT;
