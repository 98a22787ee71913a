"""Adds our C and one model to a build.

GESTURE_MODEL_DIR names the folder that `gesture convert` wrote; without it the board gets no
model. Only that folder is compiled for the model, so that two of them never meet in an image.
"""

import os
from pathlib import Path

Import("env")  # noqa: F821 - PlatformIO hands its environment to the script this way

firmware = Path(env.subst("$PROJECT_DIR")) / "firmware"  # noqa: F821
model = Path(os.environ.get("GESTURE_MODEL_DIR") or firmware / "lib" / "no_model").resolve()
if not (model / "model_size.h").is_file():
    raise SystemExit(f"error: GESTURE_MODEL_DIR={model} holds no model_size.h: not a model folder")

libraries = sorted(path for path in (firmware / "lib").iterdir() if path.name != "no_model")
boards = firmware / "boards"
emulated = sorted(boards.glob("emulated_*"))
folders = [model, *libraries, boards, *emulated]
env.Append(CPPPATH=[str(folder) for folder in folders])  # noqa: F821
# Debugging information names files: an image must be the same wherever it is built. (The real
# board's compiler is GCC 7, which has no -ffile-prefix-map.)
places = {"$PROJECT_DIR": ".", "$BUILD_DIR": "build", str(model): "model"}
for folder, name in places.items():
    env.Append(CCFLAGS=[f"-fdebug-prefix-map={env.subst(folder)}={name}"])  # noqa: F821
env.Replace(MODEL_DIR=[str(model)])  # noqa: F821 - a list, as a path may hold spaces
if env["PIOENV"].endswith("_tflm"):  # noqa: F821
    # The interpreter is the network: of the model it takes the flatbuffer, which lies in the run.
    if not (model.parent / "model_data.c").is_file():
        raise SystemExit(f"error: {model.parent} holds no model_data.c to interpret")
    env.Append(CPPPATH=[str(model.parent)])  # noqa: F821
    # It does not say what its last layers see, so there is nothing to learn from.
    env.Append(CPPDEFINES=[("MODEL_LEARNED", 0)])  # noqa: F821
    env.BuildSources("$BUILD_DIR/model", str(model), "+<model_contract.c> +<model_text.c>")  # noqa: F821
    env.BuildSources("$BUILD_DIR/data", str(model.parent), "-<*> +<model_data.c>")  # noqa: F821
else:
    env.BuildSources("$BUILD_DIR/model", str(model), "+<*.c>")  # noqa: F821
