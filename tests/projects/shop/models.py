"""The shop's tables: on PostgreSQL with PostgreSQL's own types."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class State(enum.Enum):
    new = "new"
    paid = "paid"


class Base(DeclarativeBase):
    metadata = sa.MetaData(
        naming_convention={
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
        }
    )


def document() -> sa.types.TypeEngine[Any]:
    return sa.JSON().with_variant(pg.JSONB(), "postgresql")


class Customer(Base):
    __tablename__ = "customer"
    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(sa.String(120), unique=True)
    address: Mapped[Any] = mapped_column(sa.String(39).with_variant(pg.INET(), "postgresql"), nullable=True)
    born: Mapped[date | None]
    joined: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    tags: Mapped[list[str]] = mapped_column(sa.JSON().with_variant(pg.ARRAY(sa.Text), "postgresql"))
    invited_by: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("customer.id"))
    orders: Mapped[list[Order]] = relationship(back_populates="customer")


class Order(Base):
    __tablename__ = "order"
    __table_args__ = (sa.CheckConstraint("quantity > 0", name="quantity"),)
    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(always=True), primary_key=True
    )
    customer_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    state: Mapped[State] = mapped_column(sa.Enum(State, name="state"))
    price: Mapped[Decimal] = mapped_column(sa.Numeric(12, 4))
    quantity: Mapped[int]
    total: Mapped[Decimal] = mapped_column(sa.Numeric(16, 4), sa.Computed("price * quantity", persisted=True))
    gift: Mapped[bool]
    details: Mapped[Any] = mapped_column(document())
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    pick_up: Mapped[time | None]
    within: Mapped[timedelta | None] = mapped_column(sa.Interval)
    receipt: Mapped[bytes | None]
    weight: Mapped[float | None]
    note: Mapped[str] = mapped_column(sa.Text, server_default="")
    customer: Mapped[Customer] = relationship(back_populates="orders")


class Setting(Base):
    __tablename__ = "setting"
    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    value: Mapped[Any] = mapped_column(document())
