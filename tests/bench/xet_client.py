#!/usr/bin/env python3
"""Stores a folder with hf_xet as if a folder were the service of the Hugging Face Hub.

    xet_client.py store REMOTE LIST FOLDER      writes to LIST which files there were
    xet_client.py fetch REMOTE LIST FOLDER

A process a command, so what is known of earlier files comes from what they left on the disk.
"""

import json
import os
import sys

import hf_xet


def session():
    return hf_xet.XetSession(hf_xet.XetConfig().with_config("telemetry.enabled", False))


def store(endpoint, list_path, folder):
    paths = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    with session().new_upload_commit(endpoint=endpoint) as commit:
        uploads = {path: commit.start_upload_file(path) for path in sorted(paths)}
    files = {}
    for path, upload in uploads.items():
        info = upload.result().xet_info
        files[os.path.relpath(path, folder)] = [info.hash, info.file_size]
    with open(list_path, "w", encoding="utf-8") as file:
        json.dump(files, file)


def fetch(endpoint, list_path, folder):
    with open(list_path, encoding="utf-8") as file:
        files = json.load(file)
    with session().new_file_download_group(endpoint=endpoint) as group:
        for path, (hash_, size) in files.items():
            target = os.path.join(folder, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            group.start_download_file(hf_xet.XetFileInfo(hash_, size), target)


def main():
    command, remote, list_path, folder = sys.argv[1:]
    actions = {"store": store, "fetch": fetch}
    actions[command]("local://" + os.path.abspath(remote), list_path, folder)


if __name__ == "__main__":
    main()
