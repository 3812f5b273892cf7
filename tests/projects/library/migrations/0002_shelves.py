"""Shelves that every library has, and a note for each author: on SQLite Django makes the table anew."""

from django.db import migrations, models


def fill(apps, schema_editor):
    shelf = apps.get_model("library", "Shelf")
    novels = shelf.objects.create(name="novels")
    shelf.objects.create(name="essays", above=novels)


class Migration(migrations.Migration):
    dependencies = [("library", "0001_initial")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        migrations.AddField("author", "note", models.TextField(default="")),
        migrations.RunPython(fill),
    ]
