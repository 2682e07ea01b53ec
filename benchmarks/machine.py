"""What a benchmark ran on, in one line: figures mean nothing without it."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    """Processor, cores, memory, system and Python, as far as they can be told without asking another program."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    told = [f"{_processor()}, {cores} cores", _memory(), f"{platform.system()} {platform.release()}"]
    return ", ".join((*filter(None, told), f"Python {platform.python_version()}"))


def _processor() -> str:
    return _first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine()


def _memory() -> str:
    kibibytes = _first("/proc/meminfo", "MemTotal").removesuffix(" kB")
    return f"{int(kibibytes) / (1 << 20):.0f} GiB" if kibibytes else ""


def _first(path: str, name: str) -> str:
    """The value of the first line `name: value`; empty where there is no such file."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
