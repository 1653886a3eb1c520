import egg


def lays():
    return "egg"


def after():
    return egg.hatches()
