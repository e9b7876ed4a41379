"""Ways of killing a site that works, for tests that go on after that."""


def kill_workers(site):
    """End the server's worker processes; it starts new ones."""
    site.kill_workers()


def kill_server(site):
    """End the server with all its processes, and start it anew."""
    site.kill()
    site.start()


def kill_postgres(site):
    """End the database server, which is the site's own, and start it anew."""
    site.cluster.kill()
    site.disconnect()
    site.cluster.start()


KINDS = {
    "workers": kill_workers,
    "postgres": kill_postgres,
    "server": kill_server,
}
