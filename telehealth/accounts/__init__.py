"""People, sign-in, roles: who somebody is and where they may act."""
