"""Builds one of the two boards with the compilers of this machine."""

from pathlib import Path

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment, Dir

COMMON_FLAGS = ["-O2", "-g", "-ffp-contract=off", "-ffunction-sections", "-fdata-sections"]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
CORTEX_M4F = ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]
LIBRARIES = ["--specs=nano.specs", "--specs=nosys.specs"]

env = DefaultEnvironment()
is_virtual = env["BOARD"] == "virtual"
prefix = "arm-none-eabi-" if is_virtual else ""
machine = CORTEX_M4F if is_virtual else []

env.Replace(
    AR=f"{prefix}gcc-ar",
    AS=f"{prefix}gcc",
    CC=f"{prefix}gcc",
    CXX=f"{prefix}g++",
    LINK=f"{prefix}gcc",
    RANLIB=f"{prefix}gcc-ranlib",
    SIZETOOL=f"{prefix}size",
    PROGNAME="firmware",
    PROGSUFFIX=".elf",
    ARFLAGS=["rc"],
    SIZECHECKCMD="$SIZETOOL -A -d $SOURCES",
    SIZEPRINTCMD="$SIZETOOL -B -d $SOURCES",
    SIZEPROGREGEXP=r"^(?:\.vectors|\.text|\.rodata|\.data|\.ARM\.exidx)\s+(\d+)",
    SIZEDATAREGEXP=r"^(?:\.data|\.bss|\.noinit|\.stack)\s+(\d+)",
)


def include_flags(folders, model):
    """The model's folder is the one that the compiler stands in."""
    paths = [Dir(env.subst(str(folder))).abspath for folder in folders]
    return [f"-I{'.' if path == model else path}" for path in paths]


def source_file(source, model):
    """From the model's folder on, or as a whole path."""
    file = Path(str(source)).absolute()
    return file.name if file.parent == Path(model) else str(file)


# Compiled in the model's folder, no command names it: so ccache knows what was compiled for an
# equal model elsewhere.
env.Replace(
    INCLUDE_FLAGS=include_flags,
    SOURCE_FILE=source_file,
    CCCOM="cd $MODEL_DIR && $CC -o ${TARGET.abspath} -c $CFLAGS $CCFLAGS $CPPFLAGS $_CPPDEFFLAGS "
    "${INCLUDE_FLAGS(CPPPATH, MODEL_DIR[0])} ${SOURCE_FILE(SOURCE, MODEL_DIR[0])}",
)
env.Append(
    CFLAGS=["-std=c11"],
    CCFLAGS=[*machine, *COMMON_FLAGS, *WARNINGS],
    LINKFLAGS=[*machine, "-Wl,--gc-sections"],
)
if is_virtual:
    script = Path(env["PROJECT_DIR"]) / "firmware/boards/virtual/link.ld"
    env.Append(LINKFLAGS=[*LIBRARIES, "-nostartfiles"])
    env.Replace(LDSCRIPT_PATH=str(script))
    listing = env.subst("$BUILD_DIR/${PROGNAME}.map")  # now: later a space would part it
    env.Append(LINKFLAGS=[f"-Wl,-Map={listing}"])

program = env.BuildProgram()
size = env.Alias("size", program, env.VerboseAction("$SIZEPRINTCMD", "Calculating size $SOURCE"))
AlwaysBuild(size)
targets = [program, env.Alias("checkprogsize")]
if is_virtual:
    flat = f"{prefix}objcopy -O binary $SOURCE $TARGET"
    targets.append(env.Command("$BUILD_DIR/firmware.bin", program, env.VerboseAction(flat, "")))
Default(targets)
