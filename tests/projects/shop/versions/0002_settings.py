"""Settings, with a row that the application cannot be without; and notes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    made = op.create_table(
        "setting",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.JSON().with_variant(pg.JSONB(), "postgresql"), nullable=False),
    )
    op.bulk_insert(made, [{"name": "currency", "value": {"code": "EUR", "digits": 2}}])
    with op.batch_alter_table("order") as order:
        order.add_column(sa.Column("note", sa.Text(), nullable=False, server_default=""))
