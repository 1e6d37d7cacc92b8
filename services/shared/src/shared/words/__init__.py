"""Sentences for people, made where a person reads them; rows and events carry kinds and facts.

``catalogues`` speaks a language, ``timeline`` says what happened to an incident, ``messages`` what
a person is told, ``outcomes`` what became of that, ``names`` are the words for values. The English
sentences stand in the code; ``locale/<language>.po`` translates them (gettext, read by Babel), and
a test finds every one that it lacks.
"""
