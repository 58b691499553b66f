"""Bits that flip in a pack under a running daemon: never a wrong byte, and fsck names it."""

import glob
import hashlib
import http.client
import json
import os
import unittest
import urllib.error

import faults


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
        """One bit in the middle of the pack's largest part, its chunks."""
        with open(pack, "r+b") as file:
            place = self.random.randrange(1 << 10, os.path.getsize(pack) - (16 << 10))
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
