from pathlib import Path

import pytest

from engine.cli._kernel import Fact, namespace_facts


def _machine(root: Path, **values: int) -> Path:
    for folder in ("proc/sys/user", "proc/sys/kernel", "etc/apparmor.d"):
        (root / folder).mkdir(parents=True)
    for name, value in values.items():
        folder = "user" if name.startswith("max_") else "kernel"
        (root / "proc/sys" / folder / name).write_text(f"{value}\n")
    return root


def _facts(root: Path, *, uid: int = 1000) -> dict[str, Fact]:
    return {fact.name: fact for fact in namespace_facts("/opt/nsjail", root=root, uid=uid)}


def test_open_machine_has_nothing_to_fix(tmp_path: Path) -> None:
    facts = _facts(_machine(tmp_path, max_user_namespaces=15000))

    assert all(fact.ok for fact in facts.values())


def test_kernel_without_user_namespaces_is_named(tmp_path: Path) -> None:
    fact = _facts(_machine(tmp_path))["user namespaces"]

    assert not fact.ok
    assert "CONFIG_USER_NS" in fact.fix


def test_limit_of_zero_is_named_with_its_fix(tmp_path: Path) -> None:
    fact = _facts(_machine(tmp_path, max_user_namespaces=0))["user namespaces"]

    assert not fact.ok
    assert "sysctl" in fact.fix


@pytest.mark.parametrize(("uid", "ok"), [(0, True), (1000, False)])
def test_debian_switch_binds_all_but_root(tmp_path: Path, uid: int, ok: bool) -> None:
    root = _machine(tmp_path, max_user_namespaces=1, unprivileged_userns_clone=0)

    assert _facts(root, uid=uid)["user namespaces"].ok is ok


def test_apparmor_restriction_comes_with_a_profile_for_the_binary(tmp_path: Path) -> None:
    root = _machine(tmp_path, max_user_namespaces=1, apparmor_restrict_unprivileged_userns=1)

    fact = _facts(root)["apparmor"]

    assert not fact.ok
    assert 'profile isorun-nsjail "/opt/nsjail" flags=(unconfined)' in fact.fix
    assert "userns," in fact.fix
    assert "apparmor_parser -r" in fact.fix


def test_apparmor_restriction_does_not_bind_root(tmp_path: Path) -> None:
    root = _machine(tmp_path, max_user_namespaces=1, apparmor_restrict_unprivileged_userns=1)

    assert _facts(root, uid=0)["apparmor"].ok


def test_installed_apparmor_profile_is_recognised(tmp_path: Path) -> None:
    root = _machine(tmp_path, max_user_namespaces=1, apparmor_restrict_unprivileged_userns=1)
    (root / "etc/apparmor.d/isorun-nsjail").touch()

    assert _facts(root)["apparmor"].ok
