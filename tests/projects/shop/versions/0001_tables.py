"""The tables. Columns stand in another order than in the models, as in a database that grew."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "customer",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("email", sa.String(120), nullable=False),
        sa.Column("joined", sa.DateTime(timezone=True), nullable=False),
        sa.Column("born", sa.Date()),
        sa.Column("address", sa.String(39).with_variant(pg.INET(), "postgresql")),
        sa.Column("tags", sa.JSON().with_variant(pg.ARRAY(sa.Text), "postgresql"), nullable=False),
        sa.Column("invited_by", sa.Uuid(), sa.ForeignKey("customer.id", name="fk_customer_invited_by")),
        sa.UniqueConstraint("email", name="uq_customer_email"),
    )
    op.create_table(
        "order",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            sa.Identity(always=True),
            primary_key=True,
        ),
        sa.Column("state", sa.Enum("new", "paid", name="state"), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("price", sa.Numeric(12, 4), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column(
            "total", sa.Numeric(16, 4), sa.Computed("price * quantity", persisted=True), nullable=False
        ),
        sa.Column("gift", sa.Boolean(), nullable=False),
        sa.Column("details", sa.JSON().with_variant(pg.JSONB(), "postgresql"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pick_up", sa.Time()),
        sa.Column("within", sa.Interval()),
        sa.Column("receipt", sa.LargeBinary()),
        sa.Column("weight", sa.Float()),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_order_customer_id"),
        sa.CheckConstraint("quantity > 0", name="ck_order_quantity"),
    )
    op.create_index("ix_order_customer_id", "order", ["customer_id"])
