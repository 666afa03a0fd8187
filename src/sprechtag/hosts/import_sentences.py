# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is said of a file or a line that cannot be taken, by the code of its `Trouble`; in braces what stands there."""

from ..imports.troubles import Trouble

OF_FILE: dict[str, str] = {
    "file_empty": "The file is empty.",
    "file_unreadable": "This file cannot be read. Save the table as CSV or XLSX and try again.",
    "file_locked": "This file is protected by a password. Save it without one and try again.",
    "quote_open": "In line {line} a quotation mark opens that nothing closes: {cell}. Close it or take it out.",
    "encoding_unclear": (
        "The letters in line {line} can be read in several ways: {cell}. Save the table as XLSX, or as CSV in UTF-8."
    ),
    "letters_lost": ("In line {line} letters were lost: {cell}. Export the list again, as XLSX or as CSV in UTF-8."),
    "formula_without_value": (
        "A formula in this table was never worked out. Open it in your spreadsheet program, save it and try again."
    ),
    "several_sheets": "The list stands on several sheets: {cell}. Put it on one and try again.",
    "too_many_rows": "The table has more than 40,000 lines. Split it.",
    "too_many_columns": "The table has more than 200 columns. Leave out those that are not needed here.",
    "cell_too_long": "A cell in line {line} holds more than 2,000 characters. Shorten it.",
    "table_too_large": "This table is too large. Copy only the list into a new one, save it as CSV and try again.",
    "file_too_large": "The file is larger than 2 MB. Split it.",
    "mapping_wrong": "A column was chosen that this file does not have. Choose the file again.",
    "mapping_twice": "Two columns were chosen for the same thing. Choose one of them.",
    "column_user_missing": "No column names the Nextcloud user. Call one “user” or “Benutzer”.",
    "column_room_missing": "No column holds the room. Call one “room” or “Raum”.",
    "column_name_missing": "No column names the family. Call one “name” or “Familie”.",
}
OF_LINE: dict[str, str] = {
    "formula_without_value": (
        "“{column}” holds a formula that was never worked out. Open the table in your spreadsheet program, save it and "
        "try again."
    ),
    "cell_error": "“{column}” holds an error: {cell}. Correct it in the table.",
    "cell_is_date": "“{column}” holds a date: {cell}. Correct it in the table.",
    "class_is_date": (
        "The spreadsheet program has made a date of the class in “{column}”: {cell}. Format the column as text and "
        "type the class again."
    ),
    "letters_lost": "A letter was lost in “{column}”: {cell}. Export the list again, as XLSX or as CSV in UTF-8.",
    "too_long": "The text in “{column}” is too long: {cell}. Shorten it.",
    "email_wrong": "“{column}” holds no address that can be written to: {cell}. Correct it, or leave it empty.",
    "too_many_addresses": "“{column}” holds more than two addresses: {cell}. Leave those of the parents.",
    "name_missing": "The name of the family is missing in this line.",
    "user_missing": "The Nextcloud user is missing in this line.",
    "user_wrong": "No Nextcloud user can be called like that: {cell}.",
    "twice": "Line {cell} says the same already. Take one of them out.",
    "two_rooms": "Two rooms are given for this host: {cell}. Leave one of them.",
    "mail_of_many": "Families with different names have this address: {cell}. Leave it empty where it is not theirs.",
    "host_unknown": "A host in this line is unknown: {cell}. Give the name or the Nextcloud user of somebody invited.",
    "host_unclear": "Several hosts are called like that: {cell}. Choose who is meant.",
    "address_taken": "Another family of this conference has this address: {cell}. Correct that one first.",
}


def values(trouble: Trouble) -> dict[str, str]:
    """What stands for the braces."""
    return {"line": str(trouble.line), "column": trouble.column, "cell": trouble.cell}


def said(text: str, given: dict[str, str]) -> str:
    """The sentence in English, as programs read it; the page translates the text and fills it itself."""
    for name, value in given.items():
        text = text.replace(f"{{{name}}}", value)
    return text
