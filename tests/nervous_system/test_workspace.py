"""Is a file the same resource from wherever it is changed in its repository, and in no other?"""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from enchanted.events.v1.state_change_pb2 import StateChange
from nervous_system.bus import Bus
from nervous_system.client import open_agent
from nervous_system.client.agent import Agent
from nervous_system.client.finding_workspace import find_workspace
from nervous_system.client.workspace import Workspace, given_name, remote_name
from nervous_system.contract.check import MAX_WORKSPACE_BYTES
from nervous_system.contract.given import Given
from nervous_system.contract.resource import Resource
from nervous_system.contract.subjects import chain_filter, resource_key
from nervous_system.errors import InvalidEvent
from nervous_system.settings import MeshSettings

REMOTE = "github.com/owner/repository"


OF_A_TEST = ("-c", "user.name=n", "-c", "user.email=e", "-c", "protocol.file.allow=always")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", *OF_A_TEST, "-C", folder, *arguments],
        check=True,
        capture_output=True,
    )


def repository(folder: Path, remote: str = "") -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", folder.name)
    if remote:
        git(folder, "remote", "add", "origin", remote)
    return folder


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://github.com/owner/repository.git", REMOTE),
        ("https://user:p%40ss@GitHub.com:443/owner/repository/", REMOTE),
        ("https://token@github.com/owner/repository?password=x#y", REMOTE),
        ("git@github.com:owner/repository.git", REMOTE),
        ("me:secret@github.com:owner/repository", REMOTE),
        ("github.com:owner/repository", REMOTE),
        ("ssh://git@github.com:22/owner/./repository.git", REMOTE),
        ("ssh://git@github.com:2222/o/r", "github.com:2222/o/r"),
        ("https://user:pa/ss@github.com/owner/repository", ""),
        ("https://user:12/ss@github.com/owner/repository", ""),
        ("user:pa/ss@github.com:owner/repository", ""),
        ("https://github.com/a/../b", ""),
        ("https://github.com/", ""),
        ("ext::sh -c secret", ""),
        ("/srv/git/repository.git", ""),
        ("../repository", ""),
        ("file:///srv/git/repository.git", ""),
        ("C:\\repository", ""),
        ("https://host/o/\x1b[31mr", "host/o/%1B[31mr"),
        ("https://host/o/\u202er", "host/o/%E2%80%AEr"),
        ("", ""),
    ],
)
def test_a_remote_has_one_name_without_password_and_user(address: str, name: str) -> None:
    assert remote_name(address) == name


def test_a_very_long_remote_is_cut_and_stays_one_of_two() -> None:
    one, other = (remote_name(f"https://host/{'x' * 5_000}{end}") for end in "ab")
    assert one != other
    assert len(one.encode()) <= MAX_WORKSPACE_BYTES


@pytest.mark.parametrize("name", ["a\nb", "a\0", "\u200b", "..", "a/../b", "x" * 2_000, "u:p/@h:x"])
async def test_a_name_that_cannot_be_recorded_is_refused(name: str) -> None:
    with pytest.raises(InvalidEvent, match="workspace"):
        await find_workspace(name)


async def test_what_is_no_workspace_is_refused(tmp_path: Path) -> None:
    for wrong in (3, b"x", tmp_path / "nowhere"):
        with pytest.raises(InvalidEvent, match="workspace"):
            await find_workspace(wrong)  # type: ignore[arg-type]


def test_a_chosen_address_is_named_as_a_found_one() -> None:
    given = Given()
    assert given_name(given, "https://u:p@github.com/owner/repository.git") == REMOTE
    assert given.problems == []


async def test_a_repository_has_one_workspace_with_paths_from_its_root(tmp_path: Path) -> None:
    root = repository(tmp_path / "one", f"https://user:password@{REMOTE}.git")
    (root / "sub").mkdir()
    git(root, "worktree", "add", "--quiet", str(tmp_path / "tree"))
    (tmp_path / "tree" / "sub").mkdir()
    (tmp_path / "link").symlink_to(root / "sub")
    wanted = Resource("FILE_SYSTEM", "sub/calc.py", REMOTE)
    for start in (root / "sub", tmp_path / "tree" / "sub", tmp_path / "link"):
        workspace = await find_workspace(start)
        assert workspace.name == REMOTE
        for path in ("calc.py", "../sub/./calc.py", str(start / "calc.py")):
            assert workspace.file(path) == wanted, (start, path)
    outside = (await find_workspace(root)).file("../calc.py")
    assert outside == Resource("FILE_SYSTEM", str(tmp_path / "calc.py"))


async def test_a_submodules_file_is_a_file_of_the_repository_it_is_in(tmp_path: Path) -> None:
    inner = repository(tmp_path / "inner", "https://github.com/owner/inner")
    outer = repository(tmp_path / "outer", f"https://{REMOTE}")
    git(outer, "submodule", "--quiet", "add", str(inner), "vendor/inner")
    for start, path in ((outer, "vendor/inner/calc.py"), (outer / "vendor/inner", "calc.py")):
        found = (await find_workspace(start)).file(path)
        assert found == Resource("FILE_SYSTEM", "vendor/inner/calc.py", REMOTE)


async def test_a_repository_without_a_remote_is_known_by_its_history(tmp_path: Path) -> None:
    root = repository(tmp_path / "one")
    before = await find_workspace(root)
    assert before.name.startswith("commit:")
    moved = root.rename(tmp_path / "moved")
    after = await find_workspace(moved)
    assert (after.name, after.root) == (before.name, moved)
    assert (await find_workspace(repository(tmp_path / "two"))).name != before.name
    git(moved, "remote", "add", "backup", f"git@{REMOTE.replace('/', ':', 1)}")
    assert (await find_workspace(moved)).name == REMOTE


async def test_a_folder_is_named_by_its_machine_and_path(tmp_path: Path) -> None:
    folder = tmp_path / "a b\n"
    folder.mkdir()
    workspace = await find_workspace(folder)
    assert workspace.name == f"file://{socket.gethostname()}{tmp_path}/a%20b%0A"
    assert workspace.file("calc.py") == Resource("FILE_SYSTEM", "calc.py", workspace.name)
    moved = folder.rename(tmp_path / "moved")
    assert (await find_workspace(moved)).name != workspace.name


async def test_without_git_a_repository_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "one", f"https://{REMOTE}")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (await find_workspace(root)).name == f"file://{socket.gethostname()}{root}"


async def test_gits_own_variables_lead_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a hook, which has them set."""
    other = repository(tmp_path / "other", "https://github.com/owner/other")
    root = repository(tmp_path / "one", f"https://{REMOTE}")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert (await find_workspace(root)).name == REMOTE


def test_without_a_workspace_a_resource_has_the_key_that_it_always_had() -> None:
    assert Resource.file("src/main.py").key == resource_key("FILE_SYSTEM", "src/main.py")
    assert Workspace().file("src/main.py") == Resource.file("src/main.py")
    assert Resource("FILE_SYSTEM", "src/main.py", "w").key != Resource.file("src/main.py").key


def test_any_path_has_a_name() -> None:
    workspace = Workspace("w", Path("/root"), Path("/root/sub"))
    for path in ("a\0b", "x" * 10_000, "/\0", "..", ".", "/"):
        assert workspace.file(path).name


async def changes(bus: Bus) -> list[StateChange]:
    events = [bus.decode_stored(stored).event async for stored in bus.replay()]
    return [event.payload for event in events if isinstance(event.payload, StateChange)]


async def test_two_repositories_with_the_same_path_are_two_chains(
    bus: Bus, mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    """Before, the second one's first change found the first one's file, and recorded that somebody
    from outside must have changed it."""
    roots = [repository(tmp_path / name, f"https://host/{name}") for name in ("one", "two")]
    for content in ("1", "2"):
        for root in roots:
            async with open_agent(
                mesh_settings.nats_url,
                role="coder",
                agent_id="c",
                workspace=root,
                settings=mesh_settings,
            ) as agent:
                before = None if content == "1" else f"{root.name}1"
                after = f"{root.name}{content}"
                receipt = await agent.change("calc.py", before=before, after=after)
                assert not receipt.external_change
    links = await changes(bus)
    assert [(link.workspace, link.target_resource) for link in links] == [
        ("host/one", "calc.py"),
        ("host/two", "calc.py"),
    ] * 2
    chain = chain_filter(Resource("FILE_SYSTEM", "calc.py", "host/two").key)
    assert len([stored async for stored in bus.replay(subjects=[chain])]) == 2


async def test_a_history_without_workspaces_goes_on_if_it_is_asked_to(
    bus: Bus, mesh_settings: MeshSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an upgrade, in the same folder."""
    monkeypatch.chdir(tmp_path)
    url = mesh_settings.nats_url
    old = Agent(bus, role=2, agent_id="old")  # type: ignore[arg-type]
    await old.change("calc.py", before=None, after="1")
    async with open_agent(url, role="coder", agent_id="c", settings=mesh_settings) as agent:
        receipt = await agent.change("calc.py", before="1", after="2")
        assert not receipt.external_change  # a chain of its own, which begins here
    none = mesh_settings.model_copy(update={"workspace": ""})
    async with open_agent(url, role="coder", agent_id="c", settings=none) as agent:
        receipt = await agent.change("calc.py", before="1", after="2")
        assert not receipt.external_change
    first, new, went_on = await changes(bus)
    assert (first.workspace, went_on.workspace) == ("", "")
    assert new.workspace.endswith(str(tmp_path))
    assert went_on.previous_state_hash == first.new_state_hash


async def test_what_else_an_agent_changes_is_in_its_workspace_unless_it_says(bus: Bus) -> None:
    agent = Agent(bus, role=2, agent_id="c", workspace=Workspace("w"))  # type: ignore[arg-type]
    for target in (
        Resource.variable("A"),
        Resource("ENV_VAR", "A", ""),
        Resource("ENV_VAR", "A", "x"),
    ):
        await agent.change(target, before=None, after="1")
    assert [link.workspace for link in await changes(bus)] == ["w", "", "x"]
    with pytest.raises(InvalidEvent, match="workspace"):
        await agent.change(Resource("ENV_VAR", "A", "a\nb"), before=None, after="1")
