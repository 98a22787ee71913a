"""Builds one of the two boards with the compilers of this machine."""

from pathlib import Path

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

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
env.Append(
    CFLAGS=["-std=c11"],
    CCFLAGS=[*machine, *COMMON_FLAGS, *WARNINGS],
    LINKFLAGS=[*machine, "-Wl,--gc-sections"],
)
if is_virtual:
    script = Path(env["PROJECT_DIR"]) / "firmware/boards/virtual/link.ld"
    env.Append(LINKFLAGS=[*LIBRARIES, "-nostartfiles"])
    env.Replace(LDSCRIPT_PATH=str(script))
    env.Append(LINKFLAGS=[f"-Wl,-Map=$BUILD_DIR/{env['PROGNAME']}.map"])

program = env.BuildProgram()
size = env.Alias("size", program, env.VerboseAction("$SIZEPRINTCMD", "Calculating size $SOURCE"))
AlwaysBuild(size)
targets = [program, env.Alias("checkprogsize")]
if is_virtual:
    flat = f"{prefix}objcopy -O binary $SOURCE $TARGET"
    targets.append(env.Command("$BUILD_DIR/firmware.bin", program, env.VerboseAction(flat, "")))
Default(targets)
