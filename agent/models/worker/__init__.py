"""The process that holds a model. It imports the standard library, NumPy and llama.cpp, nothing of ours."""
