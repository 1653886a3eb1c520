import chicken

seen = hasattr(chicken, "lays")


def hatches():
    return f"chicken, seen early: {seen}, then {chicken.lays()}"
