"""The service's routes: `uvicorn --factory examples.gigchain.app:create`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from examples.gigchain.store import Conflict, Store
from ops.database import Row
from ops.errors import GigopsError

Token = Annotated[str, Field(min_length=8, max_length=64)]


class NewMetric(BaseModel):
    token: Token
    metric_type: str
    value: float
    user_id: str | None = None


class NewContract(BaseModel):
    token: Token
    client_id: str
    freelancer_id: str
    title: str
    amount: float = Field(gt=0)


class NewTransaction(BaseModel):
    token: Token
    amount: float


class NewSession(BaseModel):
    token: Token
    wallet_address: str


class Made(BaseModel):
    id: int


def create() -> FastAPI:
    """The service on the files of GIGCHAIN_FOLDER (else the working folder) and its `.env`."""
    folder = Path(os.environ.get("GIGCHAIN_FOLDER", "."))
    store = Store(folder, Path(os.environ.get("GIGOPS_ENV_FILE", folder / ".env")))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        yield
        store.close()

    app = FastAPI(title="gigchain", lifespan=lifespan)
    _errors(app)
    _writes(app, store)
    _reads(app, store)
    return app


def _errors(app: FastAPI) -> None:
    @app.exception_handler(Conflict)
    def conflict(request: Request, error: Conflict) -> JSONResponse:
        del request
        return JSONResponse({"detail": str(error)}, 409)

    @app.exception_handler(GigopsError)
    def not_now(request: Request, error: GigopsError) -> JSONResponse:
        del request
        return JSONResponse({"detail": error.message}, 503, {"Retry-After": "1"})


def _writes(app: FastAPI, store: Store) -> None:
    @app.post("/metrics", status_code=201)
    def add_metric(new: NewMetric) -> Made:
        return Made(id=store.add_metric(new.token, new.metric_type, new.value, new.user_id))

    @app.post("/contracts", status_code=201)
    def add_contract(new: NewContract) -> Made:
        made = store.add_contract(new.token, new.client_id, new.freelancer_id, new.title, new.amount)
        return Made(id=made)

    @app.post("/wallets/{wallet_id}/transactions", status_code=201)
    def add_transaction(wallet_id: str, new: NewTransaction) -> Made:
        made = store.add_wallet_transaction(new.token, wallet_id, new.amount)
        if made is None:
            raise HTTPException(404, f"no wallet {wallet_id}")
        return Made(id=made)

    @app.post("/sessions", status_code=201)
    def add_session(new: NewSession) -> Made:
        return Made(id=store.add_session(new.token, new.wallet_address))


def _reads(app: FastAPI, store: Store) -> None:
    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok", "database": store.health()}

    @app.get("/metrics")
    def metrics() -> list[Row]:
        return store.metrics_by_type()

    @app.get("/metrics/{number}")
    def metric(number: int) -> Row:
        return _found(store.metric(number))

    @app.get("/contracts/{number}")
    def contract(number: int) -> Row:
        return _found(store.contract(number))

    @app.get("/transactions/{number}")
    def transaction(number: int) -> Row:
        return _found(store.wallet_transaction(number))

    @app.get("/sessions/{number}")
    def session(number: int) -> Row:
        return _found(store.session(number))

    @app.get("/wallets/{wallet_id}")
    def wallet(wallet_id: str) -> Row:
        return _found(store.wallet(wallet_id))


def _found(row: Row | None) -> Row:
    if row is None:
        raise HTTPException(404, "nothing by that name")
    return row
