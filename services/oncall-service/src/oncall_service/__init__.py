"""oncall-service: who is on call, how a page finds its way to a person, and who may do what.

A folder is a feature. Inside: ``routes`` parse and call one use case, ``usecases`` are one
transaction each, ``rules`` are pure, all SQL stands in a ``store``, ``shapes`` are what the API
takes and shows. A feature knows those below it and nothing of those above or beside it::

    app, engines, scrape, routes, metrics, reset_admin    the wiring, and what runs on a beat
    access | paging        signing in, tokens, what begins an installation | runs, steps, outcomes
    schedules              rotations, overrides, who is on call
    policies | teams       what a run follows | teams and the directory of services
    people                 people, and the ways to reach them
    notifications          what is owed to people: pace, claims, sending, outcomes; channels/
    core                   what all of them work with
    tables | settings      the schema, the environment; targets: where a webhook may lead
"""
