"""The shop itself: its migrations, a first day of business, and the tests that must pass on any database."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy.orm import Session

from tests.projects.shop.models import Base, Customer, Order, Setting, State

ANA, BO = uuid.UUID(int=0xA << 64), uuid.UUID(int=0xB << 64)
NOON = datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=UTC)


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Runs the migrations, as `alembic upgrade` does."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def open_for_business(engine: sa.Engine) -> None:
    with Session(engine) as session:
        ana = Customer(
            id=ANA, email="ana@example.org", address="2001:db8::1", born=date(1990, 1, 2), joined=NOON,
            tags=["vip", 'says "hi", often', "Grüße", ""], invited_by=BO,
        )  # fmt: skip
        bo = Customer(id=BO, email="bo@example.org", joined=NOON - timedelta(days=400), tags=[])
        session.add_all([bo, ana])
        session.flush()
        for number in range(1, 41):
            session.add(
                Order(
                    customer_id=ANA if number % 2 else BO, state=State.paid if number % 3 else State.new,
                    price=Decimal(number) / 4, quantity=number, gift=number % 5 == 0,
                    details={"number": number, "lines": [{"sku": f"s{number}", "price": 1.5}], "none": None},
                    at=NOON + timedelta(hours=number), pick_up=time(9, number),
                    within=timedelta(days=number, microseconds=5) if number % 2 else None,
                    receipt=bytes([0, number, 255]), weight=number / 3,
                    note="\\. \t\n'" if number == 7 else "",
                )
            )  # fmt: skip
        session.flush()
        session.execute(sa.delete(Order).where(Order.id == 40))
        session.commit()


def check(engine: sa.Engine) -> None:
    """The shop's own tests."""
    utc = {"tzinfo": UTC} if engine.dialect.name == "postgresql" else {"tzinfo": None}
    with Session(engine) as session:
        ana = session.get_one(Customer, ANA)
        assert (ana.tags[1], str(ana.address), ana.invited_by) == ('says "hi", often', "2001:db8::1", BO)
        assert ana.joined == NOON.replace(**utc) and ana.born == date(1990, 1, 2)
        seventh = session.get_one(Order, 7)
        assert seventh.customer is ana and seventh.state is State.paid and seventh.gift is False
        assert (seventh.price, seventh.total) == (Decimal("1.7500"), Decimal("12.2500"))
        assert seventh.details["lines"] == [{"sku": "s7", "price": 1.5}] and seventh.details["none"] is None
        assert seventh.within == timedelta(days=7, microseconds=5) and seventh.pick_up == time(9, 7)
        assert (seventh.receipt, seventh.weight, seventh.note) == (b"\x00\x07\xff", 7 / 3, "\\. \t\n'")
        assert session.scalar(sa.select(sa.func.count()).where(Order.state == State.new)) == 13
        assert session.scalar(sa.select(sa.func.count()).where(Order.gift)) == 7
        late = sa.select(sa.func.count()).where(Order.at >= NOON + timedelta(hours=30))
        assert session.scalar(late) == 10
        assert session.get_one(Setting, "currency").value == {"code": "EUR", "digits": 2}
        assert session.scalar(sa.select(sa.func.sum(Order.total))) == Decimal("5135.0000")
    _refused(engine, Customer(email="ana@example.org", joined=NOON, tags=[]))
    good = {"state": State.new, "price": 1, "gift": False, "details": {}, "at": NOON}
    _refused(engine, Order(customer_id=ANA, quantity=0, **good))
    with Session(engine) as session:
        order = Order(customer_id=ANA, quantity=2, **good)
        session.add(order)
        session.flush()
        assert order.id == (41 if engine.dialect.name == "postgresql" else 40)
        session.rollback()


def check_on_postgresql(engine: sa.Engine) -> None:
    """What the shop's queries use of PostgreSQL itself."""
    with Session(engine) as session:
        assert session.scalar(sa.text("SELECT count(*) FROM customer WHERE 'Grüße' = ANY (tags)")) == 1
        assert session.scalar(sa.text("SELECT count(*) FROM customer WHERE address << '2001:db8::/32'")) == 1
        wanted = "'{\"number\": 9}'"
        assert session.scalar(sa.text(f'SELECT id FROM "order" WHERE details @> {wanted}')) == 9
        assert session.scalar(sa.text("SELECT count(*) FROM \"order\" WHERE within > '30 days'")) == 5
        session.rollback()
    _refused(engine, Order(customer_id=uuid.UUID(int=1), quantity=1, state=State.new, price=1, gift=True,
                           details={}, at=NOON))  # fmt: skip
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert context.get_current_revision() == "0002"
        own = [
            each for each in compare_metadata(context, Base.metadata)
            if getattr(each[1] if isinstance(each, tuple) else None, "schema", "") != "_gigops"
        ]  # fmt: skip
        assert own == []


def _refused(engine: sa.Engine, row: Base) -> None:
    with Session(engine) as session, pytest.raises(sa.exc.IntegrityError):
        session.add(row)
        session.flush()
