"""The `.env` switch: edit the text (pure), write it at one stroke, keep the old file for the way back."""

from ops.envfile.choose import Already, Edit, PutBack, names_postgresql, to_sqlite
from ops.envfile.concerns import concerns
from ops.envfile.edit import edit
from ops.envfile.kept import kept_files, kept_path
from ops.envfile.read import KEYS, read
from ops.envfile.write import Kept, content, keep, put_back, switch

__all__ = [
    "KEYS",
    "Already",
    "Edit",
    "Kept",
    "PutBack",
    "concerns",
    "content",
    "edit",
    "keep",
    "kept_files",
    "kept_path",
    "names_postgresql",
    "put_back",
    "read",
    "switch",
    "to_sqlite",
]
