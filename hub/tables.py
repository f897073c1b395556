"""The centre's tables, the same on SQLite and PostgreSQL. JSON is kept as text: it may hold what JSONB refuses."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text, text

SCHEMA = 1
metadata = MetaData()

setting = Table(
    "setting",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

cabinet = Table(
    "cabinet",
    metadata,
    Column("cabinet", String(63), primary_key=True),
    Column("key_hash", String(64), nullable=False),
    Column("url", Text),  # where a push reaches it
    Column("push_secret", Text),
    Column("epoch", BigInteger, nullable=False, default=0),
    Column("acked_through", BigInteger, nullable=False, default=0),
    Column("head_hash", String(64), nullable=False),
    Column("wish_head", BigInteger, nullable=False, default=0),
    Column("wishes_seen", BigInteger, nullable=False, default=0),
    Column("last_contact", String(32)),
)

epoch = Table(
    "epoch",
    metadata,
    Column("cabinet", String(63), primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("first_seq", BigInteger, nullable=False),
)

fact = Table(
    "fact",
    metadata,
    Column("cabinet", String(63), primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),  # of the line it was sent on
    Column("cab_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("type", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("envelope", Text, nullable=False),  # as it came, without `attached`
    Column("attached", Text),  # personal data, erasable
    Column("received_at", String(32), nullable=False),
    Column("reading", String(16), nullable=False),  # read | kept | unreadable | repeated
    Column("why", Text),
    Index("fact_by_seq", "cabinet", "cab_seq"),
    Index("fact_by_arrival", "received_at"),
)

wish = Table(
    "wish",
    metadata,
    Column("cabinet", String(63), primary_key=True),
    Column("wish_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("wish_id", String(64), nullable=False, unique=True),
    Column("kind", String(64), nullable=False),
    Column("result", String(64), nullable=False),
    Column("seen_through", BigInteger, nullable=False),
    Column("issued_at", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("answer", String(16)),  # done | refused | conflict
    Column("reason", Text),
    Index("wish_by_result", "result"),
)

result = Table(
    "result",
    metadata,
    Column("result", String(64), primary_key=True),
    # the centre's own fields
    Column("cabinet", String(63), nullable=False),
    Column("dossier_code", Text, nullable=False),
    Column("announced_at", String(32), nullable=False),
    Column("cancel_reason", Text),
    # the cabinet's: written from facts only
    Column("stage", String(16), nullable=False),
    Column("compartment", Integer),
    Column("hand_over", String(64)),
    Column("since", String(32)),
    Column("evidence", String(32)),
    Column("is_disputed", Boolean, nullable=False, default=False),
    Column("is_uncertain", Boolean, nullable=False, default=False),
    Index("result_by_age", "announced_at", "result"),
    Index("result_by_hand_over", "cabinet", "hand_over"),
)

slip = Table(
    "slip",
    metadata,
    Column("dossier_code", String(64), primary_key=True),
    Column("slip_hash", String(64), nullable=False),
    Column("minted_at", String(32), nullable=False),
)

conflict = Table(
    "conflict",
    metadata,
    Column("result", String(64), primary_key=True),
    Column("cause", String(64), primary_key=True),
    Column("cabinet", String(63), nullable=False),
    Column("noted_at", String(32), nullable=False),
)

dossier = Table(  # which results go by a dossier's code
    "dossier",
    metadata,
    Column("dossier", String(64), primary_key=True),  # as `hub.dossiers.key` makes it
    Column("result", String(64), primary_key=True),
    Index("dossier_by_result", "result"),
)

asked = Table(  # how often a dossier was asked about with wrong digits
    "asked",
    metadata,
    Column("dossier", String(64), primary_key=True),
    Column("wrong", Integer, nullable=False),
)

room = Table(  # what is free in a cabinet, by size: written from facts only
    "room",
    metadata,
    Column("cabinet", String(63), primary_key=True),
    Column("small", Integer, nullable=False),
    Column("medium", Integer, nullable=False),
    Column("large", Integer, nullable=False),
    Column("since", String(32)),
)

stay = Table(  # what a person chose at the cabinet: written from facts only
    "stay",
    metadata,
    Column("result", String(64), primary_key=True),
    Column("deadline", String(10)),  # YYYY-MM-DD; none: the centre's own
    Column("is_counter_wanted", Boolean, nullable=False, default=False),
)

# Made for databases of earlier releases as well; an index over the few that are unreadable, so that counting is cheap.
IS_UNREADABLE = text("reading = 'unreadable'")
fact_unreadable = Index("fact_unreadable", fact.c.cabinet, sqlite_where=IS_UNREADABLE, postgresql_where=IS_UNREADABLE)

# The same over the results that the page of all cabinets counts; the others are over, and of years.
IS_COUNTED = text("stage IN ('announced', 'queued', 'in_cabinet') OR is_disputed OR is_uncertain")
result_counted = Index("result_counted", result.c.cabinet, sqlite_where=IS_COUNTED, postgresql_where=IS_COUNTED)
