"""The journal of one worker: every operation is on record before it is sent, and outlives `kill -9`.

Records go into memory-mapped files, so writing one is a copy into the page cache and no system call. The
files are preallocated: on a full disk a sparse mapping would be a SIGBUS in mid-run, a preallocated one is an
error at start or at rotation, before the operation is sent. Not for several threads: a worker is one gevent
thread, and nothing here yields.
"""

import glob
import mmap
import os
from collections.abc import Sequence
from pathlib import Path
from time import monotonic_ns
from typing import Final, Self

from harness.config import ConfigError
from harness.history.clock import ANCHOR_NS
from harness.history.layout import (
    BEGIN,
    COMPLETE,
    COMPLETE_AT,
    COMPLETE_FLAG_AT,
    END_OF_TEXT,
    NULL,
    OUTCOME_NUMBERS,
    RECORD_BYTES,
    STAGE_BITS,
    VERSION,
    Header,
    encode_header,
)

_SEGMENT_RECORDS: Final = 1 << 16  # 8 MB
_STRINGS_BYTES: Final = 1 << 22
_REMEMBERED: Final = 1 << 14
"""Texts kept for interning; beyond it a text may be written twice, which costs space only. Most are keys that nobody
uses again, and forgetting them all at once takes time: 16,000 are forgotten in less than a millisecond.
"""
_END: Final = bytes([END_OF_TEXT])


def _map_new(path: Path, size: int, head: bytes = b"") -> mmap.mmap:
    """A preallocated file of `size` bytes that begins with `head`, mapped. It appears whole under its name or
    not at all.
    """
    draft = path.with_name(path.name + ".new")
    try:
        with draft.open("wb+") as file:
            os.posix_fallocate(file.fileno(), 0, size)
            file.write(head)
            file.flush()
            mapped = mmap.mmap(file.fileno(), size)
        draft.rename(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(
            f"history: cannot preallocate {size} bytes for {path}: {error.strerror}; free some space"
        ) from error
    return mapped


class _Strings:
    """Texts by number, each written once (nearly) and before whatever refers to it."""

    def __init__(self, folder: Path, worker: str, segment_bytes: int) -> None:
        self._folder, self._worker, self._segment_bytes = folder, worker, segment_bytes
        self.known: dict[str, int] = {}
        self._written = self._files = self._used = 0
        self._open(segment_bytes)

    def _open(self, size: int) -> None:
        path = self._folder / f"{self._worker}-{self._files:04d}.strings"
        self._map, self._size, self._used = _map_new(path, size), size, 0
        self._files += 1

    def write(self, text: str) -> int:
        """Puts `text` on record and returns its identity; `known` has those that are still remembered."""
        # a lone surrogate has no UTF-8; its escape is distinct and valid
        data = text.encode("utf-8", "backslashreplace") + _END
        end = self._used + len(data)
        if end > self._size:
            self._map.close()
            self._open(max(self._segment_bytes, len(data)))
            end = len(data)
        self._map[self._used : end] = data
        self._used = end
        self._written += 1
        if len(self.known) > _REMEMBERED:
            self.known.clear()
        self.known[text] = self._written
        return self._written

    def close(self) -> None:
        self._map.close()


class Journal:
    """Writes one worker's operations: `begin` before the request leaves, `complete` when its outcome is
    known.
    """

    def __init__(
        self,
        folder: Path,
        worker: str,
        operations: Sequence[str],
        clock_error_ns: int,
        segment_records: int,
        strings_bytes: int,
        stages: Sequence[str],
    ) -> None:
        self._folder, self._worker = folder, worker
        self._header = Header(VERSION, worker, tuple(operations), clock_error_ns, segment_records, tuple(stages))
        self._stage_numbers: dict[str | None, int] = {name: n << STAGE_BITS for n, name in enumerate((None, *stages))}
        self._operation_numbers: dict[int | str, int] = {name: n for n, name in enumerate(operations)}
        self._operation_numbers.update({n: n for n in range(len(operations))})
        self._segment_records = segment_records
        self._segments: dict[int, mmap.mmap] = {}
        self._number = 0
        self._strings = _Strings(folder, worker, strings_bytes)
        self._known, self._write = self._strings.known, self._strings.write
        self._rotate()

    @classmethod
    def create(
        cls,
        folder: Path,
        worker: str,
        operations: Sequence[str],
        *,
        clock_error_ns: int = 0,
        segment_records: int = _SEGMENT_RECORDS,
        strings_bytes: int = _STRINGS_BYTES,
        stages: Sequence[str] = (),
    ) -> Self:
        """A new journal of `worker` in `folder`, which must exist. Reasons, keys and subjects need no table:
        texts are interned as they come. Raises ConfigError where the disk has no room for the first segment.
        """
        if any(folder.glob(f"{glob.escape(worker)}-[0-9]*.journal")):
            raise ConfigError(f"history: {folder} already holds a journal of worker {worker!r}; use another name")
        return cls(folder, worker, operations, clock_error_ns, segment_records, strings_bytes, stages)

    @property
    def issued(self) -> int:
        """How many operations were begun so far."""
        return self._number

    def begin(
        self,
        operation: int | str,
        person: int,
        subject: str | None,
        key: str | None,
        amount_fen: int | None,
        intended_ns: int,
        tag: bool,
        mark: str | None = None,
        stage: str | None = None,
    ) -> int:
        """Puts an operation on record and stamps `sent_ns`; returns its number, for `complete`.

        Raises ConfigError when the disk is full, or `stage` is none of the journal's: the operation is not on record
        then and must not be sent.
        """
        if stage not in self._stage_numbers:
            raise ConfigError(f"history: no stage {stage!r}; [target] stages of the target file names those there are")
        number = self._number
        if number >= self._next_segment_at:
            self._rotate()
        known, write = self._known, self._write
        BEGIN.pack_into(
            self._segment,
            self._header_bytes + (number - self._segment_at) * RECORD_BYTES,
            person,
            NULL if amount_fen is None else amount_fen,
            intended_ns,
            monotonic_ns() + ANCHOR_NS,
            0 if subject is None else known.get(subject) or write(subject),
            0 if key is None else known.get(key) or write(key),
            0 if mark is None else known.get(mark) or write(mark),
            self._operation_numbers[operation],
            tag | self._stage_numbers[stage],
            1,
        )
        self._number = number + 1
        return number

    def complete(
        self,
        slot: int,
        outcome: str,
        reason: str | None,
        *,
        subject: str | None = None,
        amount_fen: int | None = None,
        sequence: int | None = None,
        remaining_fen: int | None = None,
        reader: str | None = None,
        orders: str | None = None,
        balance_fen: int | None = None,
        income_fen: int | None = None,
    ) -> int:
        """Stamps `done_ns`, writes how operation `slot` ended (`ok`, `fail` or `info`), and returns the stamp; what is
        None stays as begun.
        """
        done_ns = monotonic_ns() + ANCHOR_NS
        segment, row = divmod(slot, self._segment_records)
        known, write = self._known, self._write
        COMPLETE.pack_into(
            self._segments[segment],
            self._header_bytes + row * RECORD_BYTES + COMPLETE_AT,
            done_ns,
            NULL if amount_fen is None else amount_fen,
            NULL if sequence is None else sequence,
            NULL if remaining_fen is None else remaining_fen,
            NULL if balance_fen is None else balance_fen,
            NULL if income_fen is None else income_fen,
            0 if subject is None else known.get(subject) or write(subject),
            0 if reader is None else known.get(reader) or write(reader),
            0 if orders is None else known.get(orders) or write(orders),
            0 if reason is None else known.get(reason) or write(reason),
            OUTCOME_NUMBERS[outcome],
            1,
        )
        return done_ns

    def close(self) -> None:
        """Unmaps everything. What was not completed stays on record as begun."""
        for mapped in self._segments.values():
            mapped.close()
        self._segments.clear()
        self._strings.close()

    def _rotate(self) -> None:
        """Opens the next segment, and unmaps those in which every operation is complete."""
        segment = self._number // self._segment_records
        header = encode_header(self._header, segment * self._segment_records)
        self._header_bytes = len(header)
        path = self._folder / f"{self._worker}-{segment:04d}.journal"
        size = len(header) + self._segment_records * RECORD_BYTES
        self._segment = self._segments[segment] = _map_new(path, size, header)
        self._segment_at = segment * self._segment_records
        self._next_segment_at = self._segment_at + self._segment_records
        for old in [n for n in self._segments if n != segment and self._is_complete(self._segments[n])]:
            self._segments.pop(old).close()

    def _is_complete(self, mapped: mmap.mmap) -> bool:
        return 0 not in mapped[self._header_bytes + COMPLETE_FLAG_AT :: RECORD_BYTES]
