"""What the tests have the library do, in a process of its own: `begin` on SQLite, `migrate`, `check`.

python -m tests.projects.library.work check     (the database is the one of DATABASE_URL)
"""

from __future__ import annotations

import os
import sys
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import django
from django.core.management import call_command

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.projects.library.settings"
django.setup()

from django.contrib.auth import authenticate  # noqa: E402
from django.contrib.auth.models import Group, Permission, User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import IntegrityError, connection, transaction  # noqa: E402

from tests.projects.library.models import Author, Book, Shelf  # noqa: E402

MORNING = datetime(2024, 2, 29, 8, 30, 0, 123456, tzinfo=UTC)
PAGES = 40


def migrate() -> None:
    call_command("migrate", verbosity=0)


def begin() -> None:
    """Migrates in another order than a new installation does, so that content types have other numbers."""
    call_command("migrate", "contenttypes", verbosity=0)
    ContentType.objects.create(app_label="gone", model="gone")
    call_command("migrate", "library", verbosity=0)
    migrate()
    novels = Shelf.objects.get(name="novels")
    ana = Author.objects.create(id=uuid.UUID(int=10), name="Ana Ä.", born=date(1900, 2, 28), note="\n,\\.\n")
    for number in range(1, PAGES + 1):
        book = Book.objects.create(
            title=f"Book {number}", author=ana, shelf=novels, price=Decimal(number) / 100,
            facts={"isbn": f"{number:04}", "weights": [1.5, number], "none": None}, lent=number % 2 == 0,
            added=MORNING + timedelta(days=number), opens=time(9, number),
            loan=timedelta(days=number, microseconds=7) if number % 3 else None,
            seen_from="2001:db8::1" if number % 2 else "192.0.2.7", cover=bytes([0, number, 255]),
            words=["a, b", 'quo"te', "", str(number)] if number % 4 else None, rating=number / 3,
            pages=number,
        )  # fmt: skip
        book.like.set(Book.objects.filter(pages=number - 1))
    Book.objects.get(pages=PAGES).delete()
    user = User.objects.create_user("eve", password="correct horse")
    group = Group.objects.create(name="staff")
    group.permissions.add(Permission.objects.get(codename="change_book"))
    user.groups.add(group)
    session = SessionStore()
    session.create()
    session["user"] = user.pk
    session.save()
    User.objects.filter(pk=user.pk).update(last_name=session.session_key)


def check() -> None:
    """The library's own tests."""
    call_command("migrate", check_unapplied=True, verbosity=0)
    book = Book.objects.select_related("author", "shelf").get(pages=7)
    assert (book.author.name, book.author.born) == ("Ana Ä.", date(1900, 2, 28))
    assert book.author.note == "\n,\\.\n" and book.shelf.name == "novels"
    assert (book.price, book.lent, book.opens) == (Decimal("0.07"), False, time(9, 7))
    assert book.added == MORNING + timedelta(days=7) and book.loan == timedelta(days=7, microseconds=7)
    assert book.facts == {"isbn": "0007", "weights": [1.5, 7], "none": None}
    assert (book.seen_from, bytes(book.cover), book.rating) == ("2001:db8::1", b"\x00\x07\xff", 7 / 3)
    assert book.words == ["a, b", 'quo"te', "", "7"]
    assert Book.objects.filter(lent=True).count() == 19 and Book.objects.filter(words=None).count() == 9
    assert Book.objects.filter(facts__isbn="0009").get().pages == 9
    assert Book.objects.filter(added__gte=MORNING + timedelta(days=30)).count() == 10
    assert Book.objects.filter(added__hour=9, added__date=date(2024, 3, 1)).count() == 1
    assert {other.pages for other in book.like.all()} == {6, 8}
    assert Shelf.objects.get(name="essays").above == Shelf.objects.get(name="novels")
    _refused(title="Book 7", price=1)
    _refused(title="new", price=-1)
    with transaction.atomic():
        made = Book.objects.create(**_whole(title="new", price=1))
        assert made.pk > PAGES
        assert Shelf.objects.create(name="poems").pk == 3
        transaction.set_rollback(True)
    user = authenticate(username="eve", password="correct horse")
    assert user is not None and authenticate(username="eve", password="wrong") is None
    assert user.has_perm("library.change_book") and not user.has_perm("library.delete_book")
    assert ContentType.objects.get_for_model(Book).model_class() is Book
    assert SessionStore(session_key=user.last_name)["user"] == user.pk
    counts = ContentType.objects.count(), Permission.objects.count()
    migrate()
    assert (ContentType.objects.count(), Permission.objects.count()) == counts
    if connection.vendor == "postgresql":
        _check_on_postgresql()


def _check_on_postgresql() -> None:
    def one(sql: str) -> object:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0]

    assert one("SELECT count(*) FROM library_book WHERE '7' = ANY (words)") == 1
    assert one("SELECT count(*) FROM library_book WHERE seen_from << '2001:db8::/32'") == 20
    assert one('SELECT pages FROM library_book WHERE facts @> \'{"isbn": "0009"}\'') == 9
    assert one("SELECT count(*) FROM library_book WHERE loan > '30 days'") == 6
    try:
        with transaction.atomic():
            Book.objects.create(**_whole(title="lost", price=1, shelf_id=99))
    except IntegrityError:
        return
    raise AssertionError("a foreign key does not hold")


def _whole(**fields: object) -> dict[str, object]:
    return {"author_id": uuid.UUID(int=10), "shelf_id": 1, "added": MORNING, "words": [], **fields}


def _refused(**fields: object) -> None:
    try:
        with transaction.atomic():
            Book.objects.create(**_whole(**fields))
    except IntegrityError:
        return
    raise AssertionError(f"{fields} should have been refused")


if __name__ == "__main__":
    for word in sys.argv[1:]:
        {"begin": begin, "migrate": migrate, "check": check}[word]()
