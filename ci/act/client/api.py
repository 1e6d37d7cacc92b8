"""A client of the artifact service that act serves (its v4 API), in the standard library alone.

The real actions speak a later protocol than act's server does, and they are not on this machine.
Source of the protocol: nektos/act, pkg/artifacts/artifacts_v4.go.
"""

from __future__ import annotations

import base64
import http.client
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SERVICE = "/twirp/github.actions.results.api.v1.ArtifactService"
TIMEOUT_SECONDS = 120


class ArtifactError(Exception):
    """The transfer failed; the text says what for a person who reads the job's log."""


@dataclass(frozen=True)
class Artifact:
    """An artifact of this run: its id and its name."""

    identifier: str
    name: str


class ArtifactService:
    """Creates, lists and fetches the artifacts of one run."""

    def __init__(self, url: str, token: str) -> None:
        self._host = urlsplit(url).netloc
        self._token = token
        self._run, self._job = _backend_ids(token)

    def upload(self, name: str, archive: Path) -> str:
        """Stores the zip under the name and returns the artifact's id."""
        created = self._call("CreateArtifact", name=name, version=4)
        target = created["signedUploadUrl"]
        with archive.open("rb") as body:
            self._request("PUT", f"{target}&comp=appendBlock", body, archive.stat().st_size)
        self._request("PUT", f"{target}&comp=blocklist", b"", 0)
        finished = self._call("FinalizeArtifact", name=name, size=archive.stat().st_size)
        return str(finished["artifactId"])

    def artifacts(self) -> list[Artifact]:
        """The artifacts of this run, in the order of their names."""
        try:
            answer = self._call("ListArtifacts")
        except http.client.RemoteDisconnected:
            # act panics when the run's folder does not exist yet, that is before the first upload.
            return []
        found = answer.get("artifacts", [])
        listed = [Artifact(str(item["databaseId"]), item["name"]) for item in found]
        return sorted(listed, key=lambda artifact: artifact.name)

    def download(self, name: str, archive: Path) -> None:
        """Writes the zip of the artifact to the path."""
        url = self._call("GetSignedArtifactURL", name=name)["signedUrl"]
        connection, response = self._open("GET", url, None, 0)
        with archive.open("wb") as target:
            shutil.copyfileobj(response, target)
        connection.close()

    def delete(self, name: str) -> None:
        """Takes the artifact away; one that does not exist is no error."""
        self._call("DeleteArtifact", name=name)

    def _call(self, method: str, **fields: Any) -> dict[str, Any]:
        body = {"workflowRunBackendId": self._run, "workflowJobRunBackendId": self._job, **fields}
        raw = json.dumps(body).encode()
        answer = self._request("POST", f"http://{self._host}{SERVICE}/{method}", raw, len(raw))
        parsed: dict[str, Any] = json.loads(answer)
        return parsed

    def _request(self, method: str, url: str, body: Any, length: int) -> bytes:
        connection, response = self._open(method, url, body, length)
        answer = response.read()
        connection.close()
        return answer

    def _open(
        self, method: str, url: str, body: Any, length: int
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Content-Length": str(length),
        }
        connection.request(method, f"{parts.path}?{parts.query}", body, headers)
        response = connection.getresponse()
        if response.status >= 300:
            raise ArtifactError(f"act's artifact server: {method} {parts.path}: {response.status}")
        return connection, response


def _backend_ids(token: str) -> tuple[str, str]:
    """Run and job as the token's scope `Actions.Results:<run>:<job>` names them."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    for scope in str(claims["scp"]).split():
        kind, _, ids = scope.partition(":")
        if kind == "Actions.Results":
            run, _, job = ids.partition(":")
            return run, job
    raise ArtifactError("the runtime token names no run: is this inside a job of act?")
