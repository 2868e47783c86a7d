"""The Kubernetes manifests: what they name exists, and what must be one number is."""

import re
import shlex
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from harness.swarm.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "ci" / "kubernetes"
IMAGE_ROOT = "/opt/rainproof"


def documents(name: str) -> dict[str, dict[str, Any]]:
    """The documents of a manifest by "Kind/name"."""
    found = [each for each in yaml.safe_load_all((FOLDER / name).read_text()) if each]
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in found}


@pytest.fixture
def operator() -> dict[str, Any]:
    """What the operator is told."""
    (test,) = documents("locusttest.yaml").values()
    assert (test["apiVersion"], test["kind"]) == ("locust.io/v1", "LocustTest")
    spec: dict[str, Any] = test["spec"]
    return spec


@pytest.fixture
def plain() -> dict[str, dict[str, Any]]:
    return documents("swarm.yaml")


def pod(job: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A job's pod and its one container."""
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    return spec, container


def check_environment(given: dict[str, str], workers: int) -> None:
    """Every RAINPROOF_ name is a setting's or a target variable's, every value is read, and files are in the image."""
    names = {f"RAINPROOF_{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    variables = load_settings(Path("t"), {}).variables
    names |= {f"RAINPROOF_{name.upper()}" for name in variables}
    assert all(isinstance(value, str) for value in given.values())
    assert {name for name in given if name.startswith("RAINPROOF_")} <= names
    settings = load_settings(None, given)
    assert settings.workers == int(given["LOCUST_EXPECT_WORKERS"]) == workers
    assert settings.judge and settings.history_to and settings.restart_s > 0
    assert (ROOT / Path(settings.target).relative_to(IMAGE_ROOT)).is_file()


def check_arguments(words: list[str]) -> None:
    """The locustfile is in the image."""
    assert words[0] == "-f"
    assert (ROOT / Path(words[1]).relative_to(IMAGE_ROOT)).is_file()


def test_the_operators_manifest(operator: dict[str, Any]) -> None:
    """Fields are those of the operator's resource, and it runs the scenario by the settings' names."""
    assert set(operator) <= {"image", "imagePullPolicy", "workers", "args", "env", "master", "worker", "locustfile"}
    check_environment({each["name"]: each["value"] for each in operator["env"]}, operator["workers"])
    check_arguments(shlex.split(operator["args"]))
    for role in ("master", "worker"):
        assert set(operator[role]) <= {"labels", "annotations", "resources"}


def test_the_plain_manifest(plain: dict[str, dict[str, Any]]) -> None:
    """Two jobs of one image and one environment; as many workers as the master expects."""
    assert set(plain) == {
        "ConfigMap/rainproof", "Service/rainproof-master", "Job/rainproof-master", "Job/rainproof-worker",
    }  # fmt: skip
    worker = plain["Job/rainproof-worker"]["spec"]
    assert worker["parallelism"] == worker["completions"]
    check_environment(plain["ConfigMap/rainproof"]["data"], worker["parallelism"])
    _, master_container = pod(plain["Job/rainproof-master"])
    _, worker_container = pod(plain["Job/rainproof-worker"])
    assert master_container["image"] == worker_container["image"]
    for container in (master_container, worker_container):
        assert container["command"] == ["locust"]
        assert container["envFrom"] == [{"configMapRef": {"name": "rainproof"}}]
        check_arguments(container["args"])
    assert "--master" in master_container["args"] and "--worker" in worker_container["args"]


def test_workers_find_their_master(plain: dict[str, dict[str, Any]]) -> None:
    """The service selects the master's pod alone, on the port that workers use, by the name they are given."""
    service = plain["Service/rainproof-master"]
    labels = {
        role: plain[f"Job/rainproof-{role}"]["spec"]["template"]["metadata"]["labels"] for role in ("master", "worker")
    }
    wanted = service["spec"]["selector"].items()
    assert wanted <= labels["master"].items()
    assert not wanted <= labels["worker"].items()
    assert 5557 in [port["port"] for port in service["spec"]["ports"]]
    _, container = pod(plain["Job/rainproof-worker"])
    assert container["args"][container["args"].index("--master-host") + 1] == service["metadata"]["name"]


def test_a_killed_container_finds_its_journals(plain: dict[str, dict[str, Any]]) -> None:
    """It is started again in its pod, whose volume holds the folder of the histories."""
    history = Path(plain["ConfigMap/rainproof"]["data"]["RAINPROOF_HISTORY"])
    spec, container = pod(plain["Job/rainproof-worker"])
    assert spec["restartPolicy"] == "OnFailure"
    (mount,) = container["volumeMounts"]
    assert history.is_relative_to(mount["mountPath"])
    assert [volume["name"] for volume in spec["volumes"]] == [mount["name"]]


def test_the_image_has_the_locust_that_is_tested() -> None:
    """One version in the Dockerfile and in the constraints."""
    (version,) = re.findall(r"^locust==(.+)$", (ROOT / "ci" / "constraints.txt").read_text(), re.M)
    assert f"FROM locustio/locust:{version}\n" in (FOLDER / "Dockerfile").read_text()
