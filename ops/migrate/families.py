"""What a declared type means, however it is spelled."""

from __future__ import annotations

import re

from ops.migrate.model import Column

_FAMILIES = {
    "int": "INTEGER INT BIGINT INT8 LONG INT64 LONGINTEGER BIGINTEGER UBIGINT",
    "medium": "MEDIUMINT INT3 INT4 INT32",
    "small": "SMALLINT INT2 TINYINT SHORT SHORTINTEGER SMALLINTEGER INT16 INT1",
    "bool": "BOOLEAN BOOL BIT",
    "real": "REAL FLOAT DOUBLE DOUBLEPRECISION FLOAT4 FLOAT8 FLOAT64",
    "decimal": "NUMERIC DECIMAL DEC NUMBER MONEY SMALLMONEY CURRENCY",
    "varchar": "VARCHAR CHAR CHARACTER NVARCHAR NCHAR CHARACTERVARYING VARYINGCHARACTER NATIVECHARACTER"
    " VARCHAR2",
    "text": "TEXT CLOB LONGTEXT MEDIUMTEXT TINYTEXT LONGVARCHAR NTEXT CITEXT",
    "json": "JSON JSONB",
    "uuid": "UUID GUID UNIQUEIDENTIFIER",
    "document": "STRING XML",
    "bytes": "BLOB BYTEA LONGBLOB MEDIUMBLOB TINYBLOB BINARY VARBINARY IMAGE GEOMETRY POINT LINESTRING"
    " POLYGON MULTIPOINT MULTILINESTRING MULTIPOLYGON GEOMETRYCOLLECTION CURVE SURFACE",
    "date": "DATE",
    "clock": "TIME",
    "moment": "DATETIME TIMESTAMP TIMESTAMPWITHOUTTIMEZONE DATETIME2 SMALLDATETIME",
    "instant": "TIMESTAMPTZ DATETIMETZ TIMESTAMPWITHTIMEZONE DATETIMEOFFSET",
    "none": "ANY",
}
_FAMILY_OF = {word: family for family, words in _FAMILIES.items() for word in words.split()} | {"": "none"}
_SAY_NOTHING = ("UNSIGNED", "SIGNED", "AUTO_INCREMENT", "AUTOINCREMENT", "ZEROFILL")
DATES = ("date", "clock", "moment", "instant")
NATIVE = ("bool", "json", "uuid", *DATES)


def family_of(declared: str) -> str:
    """The family of a declared type; `unknown` for words gigops does not know."""
    words = re.sub(r"\([^)]*\)?", " ", declared.upper()).split()
    return _FAMILY_OF.get("".join(w for w in words if w not in _SAY_NOTHING), "unknown")


def native_family(column: Column) -> str:
    """The family, with what is a boolean only by convention: TINYINT(1), and a number with a default of
    true or false (as GORM writes them)."""
    family = family_of(column.declared)
    if re.fullmatch(r"TINYINT\s*\(\s*1\s*\)", column.declared.strip(), re.I):
        return "bool"
    default = (column.default or "").strip("( )'\"").lower()
    return "bool" if family == "decimal" and default in ("true", "false") else family


def sizes(declared: str) -> tuple[int, int]:
    """The numbers in brackets, as in DECIMAL(10,2); 0 for those that are not there."""
    found = [int(n) for n in re.findall(r"\d+", declared[declared.find("(") :])] if "(" in declared else []
    first, second = [*found, 0, 0][:2]
    return first, second
