"""Uploads a file with tuspy, gives up when the network is cut, goes on when told to.

python upload.py URL TOKEN FILE
Writes {"event": "cut"}, waits for a line, then {"event": "resumed", "offset": …} and
{"event": "done", "upload": …}. Without metadata tuspy sends an empty Upload-Metadata header.
"""

import json
import sys

from requests import RequestException
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

CHUNK = 700_001


def say(**line):
    print(json.dumps(line), flush=True)


def main():
    url, token, path = sys.argv[1:]
    client = TusClient(f"{url}/v1/files", headers={"Authorization": f"Bearer {token}"})
    uploader = client.uploader(path, chunk_size=CHUNK)
    try:
        uploader.upload()
        sys.exit("the network was to be cut")
    except (TusCommunicationError, RequestException):
        say(event="cut", upload=uploader.url)
    sys.stdin.readline()
    resumed = client.uploader(path, chunk_size=CHUNK, url=uploader.url)
    say(event="resumed", offset=resumed.offset)
    resumed.upload()
    say(event="done", upload=resumed.url)


main()
