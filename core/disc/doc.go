package disc
