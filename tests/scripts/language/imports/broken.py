print("broken is loading")
raise ValueError("cannot load")
