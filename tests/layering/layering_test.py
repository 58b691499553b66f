#!/usr/bin/env python3
"""That layering.py sees what it is there to see."""

import contextlib
import io
import os
import tempfile
import unittest

import cmake_targets
import layering
import rules

BASE = "mreg_library(mreg_base HEADERS ids.h)  # a comment"
KV = "mreg_library(mreg_kv SOURCES kv.cc HEADERS kv.h DEPS mreg_base TESTS kv_test.cc)"


def breaches(path, line, lists=KV, folder="storage/kv"):
    """What is wrong with the file `path` of one `line`, where `folder` has the targets `lists`."""
    targets = cmake_targets.parse(BASE, "schema/base")
    targets.update(cmake_targets.parse(lists, folder))
    return list(layering.House({path: line + "\n"}, targets).breaches())


class LayeringTest(unittest.TestCase):
    def test_a_lower_room_may_be_included(self):
        self.assertEqual(breaches("storage/kv/kv.cc", '#include "schema/base/ids.h"'), [])

    def test_a_higher_room_may_not(self):
        found = breaches("schema/base/ids.h", '#include "storage/kv/kv.h"')
        self.assertIn("schema/base may not know storage/kv", found[0])

    def test_nobody_below_knows_the_daemon_or_the_cli(self):
        for room in ("storage/registry", "storage/sync", "schema/base"):
            for top in ("daemon/http/message.h", "cli/run.h"):
                self.assertTrue(breaches(f"{room}/x.cc", f'#include "{top}"'), (room, top))

    def test_http_knows_neither_the_api_nor_storage(self):
        for header in ("daemon/api/routes.h", "storage/kv/kv.h"):
            self.assertTrue(breaches("daemon/http/x.cc", f'#include "{header}"'), header)

    def test_private_headers_stay_in_their_room(self):
        found = breaches("storage/content/x.cc", '#include "storage/kv/secret.h"')
        self.assertIn("private", found[0])

    def test_third_party_headers_stay_in_their_adapter(self):
        for pattern in rules.THIRD_PARTY:
            header = pattern.replace("*", "x.h")
            self.assertTrue(breaches("signing/x.cc", f"#include <{header}>"), header)

    def test_third_party_headers_stay_out_of_public_headers(self):
        lists = "mreg_library(mreg_history HEADERS git.h)"
        found = breaches("storage/history/git.h", "#include <git2.h>", lists, "storage/history")
        self.assertIn("public header", found[0])

    def test_an_unknown_library_needs_a_rule(self):
        self.assertTrue(breaches("signing/x.cc", "#include <curl/curl.h>"))

    def test_a_new_folder_needs_a_rule(self):
        self.assertTrue(breaches("attic/x.cc", '#include "schema/base/ids.h"'))

    def test_only_tests_know_the_models_of_tests(self):
        lists = "mreg_library(mreg_test_files HEADERS memory_file.h)"
        line = '#include "tests/models/memory_file.h"'
        self.assertEqual(breaches("storage/kv/kv_test.cc", line, lists, "tests/models"), [])
        self.assertTrue(breaches("storage/kv/kv.cc", line, lists, "tests/models"))

    def test_tests_may_use_the_test_helpers_of_another_room(self):
        line = '#include "storage/kv/store_conformance.h"'
        self.assertEqual(breaches("storage/content/x_test.cc", line), [])
        self.assertTrue(breaches("storage/content/x.cc", line))

    def test_what_is_included_must_be_linked(self):
        lists = "mreg_library(mreg_kv SOURCES kv.cc HEADERS kv.h)"
        found = breaches("storage/kv/kv.cc", '#include "schema/base/ids.h"', lists)
        self.assertIn("mreg_kv does not link mreg_base", found[0])

    def test_what_a_header_includes_must_be_linked_publicly(self):
        lists = "mreg_library(mreg_kv HEADERS kv.h PRIVATE_DEPS mreg_base)"
        self.assertTrue(breaches("storage/kv/kv.h", '#include "schema/base/ids.h"', lists))

    def test_what_a_dependency_passes_on_counts_as_linked(self):
        self.assertEqual(breaches("storage/kv/kv_test.cc", '#include "schema/base/ids.h"'), [])

    def test_a_breach_fails_the_check(self):
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "signing"))
            with open(os.path.join(root, "signing", "x.cc"), "w", encoding="utf-8") as source:
                source.write('#include "cli/run.h"\n')
            with contextlib.redirect_stdout(io.StringIO()) as output:
                self.assertEqual(layering.main(root), 1)
        self.assertIn("signing may not know cli", output.getvalue())


if __name__ == "__main__":
    unittest.main()
