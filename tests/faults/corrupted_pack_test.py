"""Bits that flip in a pack under a running daemon: never a wrong byte, and fsck names it."""

import glob
import hashlib
import http.client
import json
import os
import struct
import unittest
import urllib.error

import faults


STREAM_HEADER_BYTES = 16
RECORD_HEADER = struct.Struct("<cBHIII32s")
ID_BYTES = 32


def payloads_of(pack):
    """Offset and size of each record's payload: docs/formats/pack.md."""
    found, place = [], STREAM_HEADER_BYTES
    while pack[place:place + 1] == b"C":
        _, _, bases, stored, _, _, _ = RECORD_HEADER.unpack_from(pack, place)
        place += RECORD_HEADER.size + bases * ID_BYTES
        found.append((place, stored))
        place += stored
    return found


class FlippedBits(faults.FaultTest):
    def files(self):
        """Path and SHA-256 of every file of every version."""
        repository = "/api/v1/repos/acme/vad"
        found = {}
        for reference in json.load(self.get(repository))["references"]:
            log = json.load(self.get(f"{repository}/commits/{reference['target']}"))
            for version in log["commits"]:
                tree = json.load(self.get(f"{repository}/tree/{version['commit']}"))
                for file in tree["files"]:
                    found[f"{version['commit']}/{file['path']}"] = file["sha256"]
        return found

    def fetch(self, path):
        """The SHA-256 of what the daemon serves; None if it fails or cuts the connection."""
        try:
            with self.get("/api/v1/repos/acme/vad/files/" + path) as answer:
                return hashlib.sha256(answer.read()).hexdigest()
        except (http.client.HTTPException, urllib.error.URLError, ConnectionError):
            return None

    def flip(self, pack):
        """One bit of a chunk. Reads go by the footer, so one of a record's header harms nobody."""
        with open(pack, "r+b") as file:
            payloads = payloads_of(file.read())
            begin, size = self.random.choices(payloads, [size for _, size in payloads])[0]
            place = begin + self.random.randrange(size)
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ (1 << self.random.randrange(8))]))
        return place

    def test_are_never_served_and_are_found(self):
        for number in range(faults.rounds(4)):
            with self.subTest(round=number, seed=self.seed):
                self.end_daemon()
                self.daemon.data = self.path(f"registry{number}")
                self.token = ""
                self.start()
                for seed in range(3):
                    code, _, errors = self.push(self.fresh_home(), "--seed", seed, "--count", 2,
                                                "--max-bytes", 2 << 20)
                    self.assertEqual(code, 0, errors)
                self.expect_damage_is_contained()

    def expect_damage_is_contained(self):
        files = self.files()
        self.assertTrue(all(self.fetch(path) == digest for path, digest in files.items()))
        packs = glob.glob(os.path.join(self.daemon.data, "packs", "*", "*.pack"))
        packs = [pack for pack in packs if os.path.getsize(pack) > 100_000]
        place = self.flip(self.random.choice(packs))
        served = {path: self.fetch(path) for path in files}
        for path, digest in served.items():
            self.assertIn(digest, (None, files[path]), f"{path}: a wrong byte was served")
        self.assertIn(None, served.values(), f"byte {place} is in no file")
        self.assertGreater(sum(digest is not None for digest in served.values()), 0)
        report, code = self.daemon.admin("fsck")
        self.assertEqual(code, 5)
        self.assertNotEqual(report["problems"], [])


if __name__ == "__main__":
    unittest.main()
