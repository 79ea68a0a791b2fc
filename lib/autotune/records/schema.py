"""The tables of what was seen, as a list of migrations: the database's `user_version` is how many it has had.

    source        a place that is read: a format and a path
    file          one file of a source, known again by device, inode and a hash of how it begins; how far it has been read, in bytes
    record        one thing that was seen. `kind` says what (a trace; an exposure of a skill), `origin` whose ids it is known by, `content`
                  is JSON. `user` and `conversation` are its group, `part` is the part of the cases that it is in.
                  `applies` is what it can be judged on (behaviours, or a skill's name; a JSON list), `shown` is which versions it shows
                  (a JSON object). Both have few different values, so that an index answers for all records that have one
    remark        what was masked in a record (`masked`), and what of it was not read (`flaw`), by name, with counts
    dead_letter   a line that was not read, and why; where it stands in its file
    forgotten     the cases that are not taken in again
    frozen        files that hold contents of records, so that forgetting reaches them
    note          single values, by name
    instrument    who judged, by a hash of all that decides a judgement; scores of two are never compared
    score         what a judge gave a record for one behaviour, or why it gave nothing: then `score` is NULL, never 0. `seen_ms` is the
                  record's time, `version` the pack of that behaviour which it shows, `unit` whose it is; `obeyed` is how many judges
                  followed what they were shown, `at_ms` when it was judged, `again_ms` from when on it is worth another try; `content`
                  has the marks with their reasons
    label         the mark that a person gave a record for one behaviour
    probe         by how much a score moves where nothing that counts was changed

A reader of another kind of log adds a source, its files and its records; nothing here is of traces alone. Every table goes with what it
belongs to: a source that is deleted takes its files along, a record its rows. Records outlive the files that they were read from.
"""

from __future__ import annotations

MIGRATIONS = (
    """
    CREATE TABLE source (
        source_id INTEGER PRIMARY KEY,
        format TEXT NOT NULL,
        place TEXT NOT NULL,
        UNIQUE (format, place)
    );
    CREATE TABLE file (
        file_id INTEGER PRIMARY KEY,
        source_id INTEGER NOT NULL REFERENCES source ON DELETE CASCADE,
        path TEXT NOT NULL,
        identity TEXT NOT NULL,
        head TEXT NOT NULL,
        position INTEGER NOT NULL,
        tail TEXT NOT NULL,
        pending INTEGER NOT NULL,
        read_ms INTEGER NOT NULL,
        UNIQUE (source_id, identity, head)
    );
    CREATE TABLE record (
        record_id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        origin TEXT NOT NULL,
        id TEXT NOT NULL,
        case_id TEXT NOT NULL,
        file_id INTEGER REFERENCES file ON DELETE SET NULL,
        position INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        user TEXT,
        conversation TEXT,
        part TEXT NOT NULL,
        applies TEXT NOT NULL,
        shown TEXT NOT NULL,
        content TEXT NOT NULL,
        UNIQUE (kind, origin, id)
    );
    CREATE INDEX record_case ON record (case_id);
    CREATE INDEX record_file ON record (file_id);
    CREATE INDEX record_time ON record (kind, at_ms);
    CREATE INDEX record_user ON record (kind, user);
    CREATE INDEX record_conversation ON record (kind, conversation);
    CREATE INDEX record_part ON record (kind, part, applies);
    CREATE INDEX record_shown ON record (kind, shown);
    CREATE TABLE remark (
        record_id INTEGER NOT NULL REFERENCES record ON DELETE CASCADE,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (record_id, kind, name)
    ) WITHOUT ROWID;
    CREATE TABLE dead_letter (
        file_id INTEGER NOT NULL REFERENCES file ON DELETE CASCADE,
        position INTEGER NOT NULL,
        size INTEGER NOT NULL,
        reason TEXT NOT NULL,
        read_ms INTEGER NOT NULL,
        excerpt TEXT NOT NULL,
        PRIMARY KEY (file_id, position)
    ) WITHOUT ROWID;
    CREATE TABLE forgotten (case_id TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE frozen (path TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE instrument (
        instrument TEXT PRIMARY KEY,
        behavior TEXT NOT NULL,
        begun_ms INTEGER NOT NULL,
        content TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE score (
        record_id INTEGER NOT NULL REFERENCES record ON DELETE CASCADE,
        behavior TEXT NOT NULL,
        instrument TEXT NOT NULL REFERENCES instrument,
        seen_ms INTEGER NOT NULL,
        version TEXT,
        unit TEXT NOT NULL,
        score REAL,
        unscored TEXT,
        stage TEXT NOT NULL,
        obeyed INTEGER NOT NULL,
        tries INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        again_ms INTEGER,
        usd REAL,
        content TEXT NOT NULL,
        PRIMARY KEY (record_id, behavior, instrument)
    ) WITHOUT ROWID;
    CREATE INDEX score_shown ON score (behavior, instrument, version, unit, seen_ms, score, unscored);
    CREATE INDEX score_judged ON score (behavior, at_ms, instrument);
    CREATE INDEX score_obeyed ON score (behavior, instrument) WHERE obeyed > 0;
    CREATE TABLE label (
        record_id INTEGER NOT NULL REFERENCES record ON DELETE CASCADE,
        behavior TEXT NOT NULL,
        mark INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        PRIMARY KEY (record_id, behavior)
    ) WITHOUT ROWID;
    CREATE TABLE probe (
        record_id INTEGER NOT NULL REFERENCES record ON DELETE CASCADE,
        behavior TEXT NOT NULL,
        instrument TEXT NOT NULL REFERENCES instrument,
        kind TEXT NOT NULL,
        difference REAL NOT NULL,
        at_ms INTEGER NOT NULL,
        PRIMARY KEY (record_id, behavior, instrument, kind)
    ) WITHOUT ROWID;
    """,
)
DERIVED = "derived "
"""How a kind begins whose records are made of others of their conversation: they go with any of them, and are made again."""
TABLES = ("source", "file", "record", "remark", "dead_letter", "forgotten", "frozen", "note", "instrument", "score", "label", "probe")
"""Every table, each after those that it refers to."""
