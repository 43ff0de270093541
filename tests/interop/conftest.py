"""Labs and Postfix instances that end with the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import HostPlan, Plan, User, textbook_plan
from tests.interop.postfix import Postfix

OpenLab = Callable[..., Lab]
StartPostfix = Callable[..., Postfix]
EXAMPLE = "例子.测试"
YONGHU = User("用户", EXAMPLE, "mima")


def _net() -> int:
    """The third part of this test process's loopback addresses: no other process has a lab or a Postfix there."""
    return 40 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def _at_home(plan: Plan) -> Plan:
    def moved(address: str) -> str:
        return address.replace("127.0.0.", f"127.0.{_net()}.")

    return replace(
        plan,
        hosts=tuple(replace(host, address=moved(host.address)) for host in plan.hosts),
        agent_addresses={user: moved(address) for user, address in plan.agent_addresses.items()},
    )


@pytest.fixture
def open_lab(tmp_path: Path) -> Iterator[OpenLab]:
    """Starts a lab of crepes.fr, hamburger.edu and 例子.测试; takes what a Plan takes, and `per_host`: what is to be
    changed in every HostPlan."""
    with ExitStack() as stack:

        def start(*, per_host: dict[str, object] | None = None, **settings: object) -> Lab:
            plan = textbook_plan()
            plan = replace(plan, hosts=(*plan.hosts, HostPlan(EXAMPLE, "127.0.0.7", (YONGHU,))), **settings)  # type: ignore[arg-type]
            plan = replace(plan, hosts=tuple(replace(host, **(per_host or {})) for host in plan.hosts))  # type: ignore[arg-type]
            lab = Lab(_at_home(plan), tmp_path / "lab")
            stack.callback(lab.stop)
            lab.start()
            return lab

        yield start


@pytest.fixture
def start_postfix() -> Iterator[StartPostfix]:
    """Starts a Postfix of its own: `start_postfix(smtp_tls_security_level="encrypt")`."""
    with ExitStack() as stack:

        def start(**settings: str) -> Postfix:
            return stack.enter_context(Postfix(f"127.0.{_net()}.9", settings))

        yield start
