"""Are a container's limits found wherever they stand?"""

from __future__ import annotations

from pathlib import Path

import pytest

from nervous_system.host.cgroup import Cgroup, ResourceUse

V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
UNLIMITED_V1 = "9223372036854771712\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_without_control_groups_there_are_no_limits(tmp_path: Path) -> None:
    group = Cgroup.find(root=tmp_path)
    assert (group.memory(), group.swap(), group.cpu()) == (None, None, None)


def test_version_2_in_a_namespace_of_its_own(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/\n",
            "proc/self/mountinfo": V2_MOUNT,
            "sys/fs/cgroup/memory.max": "1000000\n",
            "sys/fs/cgroup/memory.current": "700000\n",
            "sys/fs/cgroup/memory.stat": "anon 400000\ninactive_file 250000\nactive_file 9\n",
            "sys/fs/cgroup/memory.swap.max": "0\n",
            "sys/fs/cgroup/memory.swap.current": "0\n",
            "sys/fs/cgroup/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
        },
    )
    group = Cgroup.find(root=tmp_path)
    assert group.memory() == ResourceUse(used=450_000, limit=1_000_000)
    assert group.swap() == ResourceUse(used=0, limit=0)
    assert group.cpu() == ResourceUse(used=2.5, limit=1.5)


def test_the_lowest_limit_of_all_levels_counts_with_its_own_usage(tmp_path: Path) -> None:
    base = "sys/fs/cgroup"
    write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/pod/container/worker\n",
            "proc/self/mountinfo": V2_MOUNT,
            f"{base}/pod/memory.max": "500\n",
            f"{base}/pod/memory.current": "480\n",
            f"{base}/pod/memory.stat": "inactive_file 30\n",
            f"{base}/pod/cpu.max": "max 100000\n",
            f"{base}/pod/cpu.stat": "usage_usec 9000000\n",
            f"{base}/pod/container/memory.max": "800\n",
            f"{base}/pod/container/memory.current": "100\n",
            f"{base}/pod/container/cpu.max": "50000 100000\n",
            f"{base}/pod/container/cpu.stat": "usage_usec 4000000\n",
            f"{base}/pod/container/worker/memory.max": "max\n",
            f"{base}/pod/container/worker/memory.current": "7\n",
            f"{base}/pod/container/worker/cpu.max": "max 100000\n",
        },
    )
    group = Cgroup.find(root=tmp_path)
    assert group.memory() == ResourceUse(used=450, limit=500)
    assert group.cpu() == ResourceUse(used=4.0, limit=0.5)


@pytest.mark.parametrize(
    ("path", "within"),
    [("/docker/abc", "/docker/abc"), ("/../../outside", "/docker/abc"), ("/", "/")],
)
def test_version_1_where_the_mount_shows_a_part_only(
    tmp_path: Path, path: str, within: str
) -> None:
    write(
        tmp_path,
        {
            "proc/self/cgroup": f"4:memory:{path}\n3:cpu,cpuacct:{path}\n1:name=systemd:{path}\n",
            "proc/self/mountinfo": (
                f"40 30 0:30 {within} /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
                f"41 30 0:31 {within} /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n"
            ),
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "1000\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "900\n",
            "sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 200\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu/cpuacct.usage": "3000000000\n",
        },
    )
    group = Cgroup.find(root=tmp_path)
    assert group.memory() == ResourceUse(used=700, limit=1000)
    assert group.cpu() == ResourceUse(used=3.0, limit=2.0)


def test_both_versions_at_once(tmp_path: Path) -> None:
    base = "sys/fs/cgroup"
    write(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/a/b\n2:cpuacct:/\n1:cpu:/\n0::/\n",
            "proc/self/mountinfo": (
                "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
                "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
                "33 31 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"
                "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
            ),
            f"{base}/memory/memory.limit_in_bytes": UNLIMITED_V1,
            f"{base}/memory/a/memory.limit_in_bytes": "600\n",
            f"{base}/memory/a/memory.usage_in_bytes": "300\n",
            f"{base}/memory/a/b/memory.limit_in_bytes": UNLIMITED_V1,
            f"{base}/cpu/cpu.cfs_quota_us": "-1\n",
            f"{base}/cpu/cpu.cfs_period_us": "100000\n",
            f"{base}/cpuacct/cpuacct.usage": "1\n",
        },
    )
    group = Cgroup.find(root=tmp_path)
    assert group.memory() == ResourceUse(used=300, limit=600)
    assert group.cpu() is None
