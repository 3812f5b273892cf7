"""The library's tables: Django's own fields, and one that is an array on PostgreSQL."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.db import models


class Words(models.Field):
    """A list of texts: text[] on PostgreSQL, JSON in a text elsewhere."""

    def db_type(self, connection: Any) -> str:
        return "text[]" if connection.vendor == "postgresql" else "text"

    def from_db_value(self, value: Any, expression: object, connection: object) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return value if value is None or connection.vendor == "postgresql" else json.dumps(value)


class Author(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=40, unique=True)
    born = models.DateField(null=True)
    note = models.TextField(default="")


class Shelf(models.Model):
    """Filled by a migration."""

    name = models.CharField(max_length=20, db_column="shelfName")
    above = models.ForeignKey("self", models.SET_NULL, null=True)


class Book(models.Model):
    title = models.CharField(max_length=80)
    author = models.ForeignKey(Author, models.PROTECT)
    shelf = models.ForeignKey(Shelf, models.CASCADE)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    facts = models.JSONField(default=dict)
    lent = models.BooleanField(default=False)
    added = models.DateTimeField()
    opens = models.TimeField(null=True)
    loan = models.DurationField(null=True)
    seen_from = models.GenericIPAddressField(null=True)
    cover = models.BinaryField(null=True)
    words = Words(null=True)
    rating = models.FloatField(null=True)
    pages = models.PositiveSmallIntegerField(default=1)
    like = models.ManyToManyField("self")

    class Meta:
        constraints = [  # noqa: RUF012
            models.UniqueConstraint(fields=["author", "title"], name="book_once"),
            models.CheckConstraint(condition=models.Q(price__gte=0), name="book_price"),
        ]
