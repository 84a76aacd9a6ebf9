"""Does docker-compose.yml build the image once, and does nobody fetch one of that name?"""

from __future__ import annotations

from pathlib import Path

import yaml

FILE = Path(__file__).parents[1] / "docker-compose.yml"
IMAGE = "ganglion:local"


def test_one_service_builds_the_image_and_all_others_come_after_it() -> None:
    services = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
    ours = {name: each for name, each in services.items() if each["image"] == IMAGE}
    (builder,) = [name for name, each in ours.items() if "build" in each]
    assert len(ours) > 5
    assert all(each["pull_policy"] == "never" for each in ours.values())

    def before(name: str) -> set[str]:
        needed = set(services[name].get("depends_on", {}))
        return needed.union(*map(before, needed))

    assert all(builder in before(name) for name in ours if name != builder)
