"""Which names a published image gets; the commands are in ci/publish.sh."""
