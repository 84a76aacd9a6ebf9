"""What do this machine's GPUs do? NVML where there is one; a machine without is normal."""

from __future__ import annotations

import ctypes
from typing import Any

import structlog

from enchanted.events.v1.capacity_pb2 import GpuSample

_log = structlog.get_logger()

LIBRARY = "libnvidia-ml.so.1"


class Gpus:
    """The GPUs that NVML shows."""

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml  # the module `pynvml`, whose functions have no types
        self._failed: set[str] = set()

    @classmethod
    def open(cls) -> Gpus | None:
        """None where no GPU can be seen. Loads `pynvml` (2 MB) only beside a driver."""
        try:
            ctypes.CDLL(LIBRARY)
        except OSError:
            return None
        import pynvml

        try:
            pynvml.nvmlInit()  # type: ignore[no-untyped-call]
        except pynvml.NVMLError as error:
            _log.warning("gpu.unavailable", error=str(error))
            return None
        return cls(pynvml)

    def sample(self) -> tuple[list[GpuSample], int]:
        """Every GPU that could be read, and how many readings failed. A failure is logged once."""
        failures = 0
        samples: list[GpuSample] = []
        nvml = self._nvml
        try:
            count = nvml.nvmlDeviceGetCount()
        except nvml.NVMLError as error:
            self._say("count", error)
            return [], 1
        for index in range(count):
            try:
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                memory = nvml.nvmlDeviceGetMemoryInfo(handle)
                sample = GpuSample(
                    index=index,
                    name=_text(nvml.nvmlDeviceGetName(handle)),
                    memory_used_bytes=memory.used,
                    memory_total_bytes=memory.total,
                )
            except nvml.NVMLError as error:
                self._say(f"gpu {index}", error)
                failures += 1
                continue
            try:
                sample.utilization_percent = nvml.nvmlDeviceGetUtilizationRates(handle).gpu
            except nvml.NVMLError as error:
                self._say(f"utilization of gpu {index}", error)  # a MIG-enabled one has none
                failures += 1
            try:
                sample.temperature_celsius = nvml.nvmlDeviceGetTemperature(
                    handle, nvml.NVML_TEMPERATURE_GPU
                )
            except nvml.NVMLError as error:
                self._say(f"temperature of gpu {index}", error)
                failures += 1
            samples.append(sample)
        return samples, failures

    def _say(self, what: str, error: Exception) -> None:
        if what not in self._failed:
            self._failed.add(what)
            _log.warning("gpu.unreadable", what=what, error=str(error))


def _text(name: str | bytes) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name
