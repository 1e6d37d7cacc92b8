"""Proof that the GitHub workflow and ./ci/pipeline.sh are the same chain.

static.py    what the workflow may say at all, and that its graph is that of ci/stages.toml
stubs.py     a repository in which every stage only writes down that it ran, and with what
on_github.py runs the workflow's own steps there, a fresh machine a job
compare.py   runs both sides and says where they differ
"""
