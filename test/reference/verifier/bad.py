"""How anything here says that bytes are wrong: with a reason of the SPECs."""


class Bad(ValueError):
    """Bytes that break a rule. `link` says whose fault it is, where that is known at the place."""

    def __init__(self, reason, link=None):
        super().__init__(reason)
        self.reason = reason
        self.link = link


class Missing(Bad):
    """A block that is not in the archive."""

    def __init__(self, cid):
        super().__init__(f"block-missing: {cid}", f"block {cid}")
