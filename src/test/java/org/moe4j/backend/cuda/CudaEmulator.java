package org.moe4j.backend.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A {@code libcuda.so.1} whose kernels are src/main/cuda compiled by g++ for this processor: the driver, as far as the back end
 * can tell, and so the launches, their arguments and the kernels' arithmetic are tested where there is no GPU. It is built when
 * sources have changed, into target/cuda-emulator, and taken into this JVM before anything asks for the driver; a library that
 * is there by that name is the one that later ones find.
 */
public final class CudaEmulator {
    private static final Path SOURCES = Path.of("src/main/cuda");
    private static final Path EMULATOR = Path.of("src/test/cuda-emulator");
    private static final Path BUILT = Path.of("target/cuda-emulator").toAbsolutePath();
    private static final Pattern KERNEL = Pattern.compile("extern \"C\"\\s+__attribute__\\(\\(used, flatten\\)\\)\\s+void\\s+(\\w+)\\s*\\(");
    private static final List<String> OPTIONS = List.of("-std=c++20", "-O2", "-g1", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-fno-strict-aliasing",
            "-Wall", "-Wno-unused", "-Wno-sign-compare", "-Wno-unknown-pragmas", "-I" + EMULATOR, "-I" + SOURCES);

    private static String absent;
    private static boolean loaded;

    private CudaEmulator() {}

    /** Why there is none here, or null. Builds it, if need be, and makes it this JVM's driver. */
    public static synchronized String load() {
        if (!loaded && absent == null) {
            if (Files.exists(Path.of("/dev/nvidiactl"))) {
                absent = "this machine has an NVIDIA driver, which the tests of this JVM use";
            } else if (!System.getProperty("os.name").equals("Linux") || !System.getProperty("os.arch").equals("amd64")) {
                absent = "the CUDA emulator is for Linux on x86-64";
            } else if (!there("g++")) {
                absent = "the CUDA emulator is built by g++, which is not here";
            } else {
                System.load(library().toString());
                if (System.getProperty(Cublas.PROPERTY) == null) {
                    System.setProperty(Cublas.PROPERTY, "none");                   // a real one would find no GPU
                }
                loaded = true;
            }
        }
        return absent;
    }

    /** How often this process has waited for its device. */
    public static int waits() {
        try {
            return (int) function("emu_waits", FunctionDescriptor.of(ValueLayout.JAVA_INT)).invokeExact();
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** How often this process has made a call of the driver's, by its name without the version. */
    public static int calls(String name) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) function("emu_calls", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS)).invokeExact(arena.allocateFrom(name));
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** Makes calls fail from now on, as in "cuGraphLaunch@3=719", none for ""; a device that was lost is there again. */
    public static void fail(String calls) {
        try (Arena arena = Arena.ofConfined()) {
            function("emu_fail", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS)).invokeExact(arena.allocateFrom(calls));
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(SymbolLookup.libraryLookup("libcuda.so.1", Arena.global()).find(name).orElseThrow(), descriptor);
    }

    /** The library, built when its sources have changed; other JVMs wait. */
    public static Path library() {
        try {
            Files.createDirectories(BUILT);
            try (FileChannel lock = FileChannel.open(BUILT.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE); var _ = lock.lock()) {
                List<Path> objects = new ArrayList<>();
                objects.add(object(EMULATOR.resolve("emulated_driver.cpp"), List.of()));
                for (Path file : files(SOURCES, ".cu")) {
                    objects.add(object(file, kernels(file)));
                }
                return linked("libcuda.so.1", objects);
            }
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** A cuBLAS that multiplies in the emulator's memory. */
    public static Path cublas() throws IOException {
        Files.createDirectories(BUILT);
        return linked("libcublas.so.13", List.of(object(EMULATOR.resolve("emulated_cublas.cpp"), List.of())));
    }

    private static Path linked(String name, List<Path> objects) throws IOException {
        Path library = BUILT.resolve(sha256(objects.toString().getBytes())).resolve(name);
        if (!Files.exists(library)) {
            Files.createDirectories(library.getParent());
            Path made = BUILT.resolve("library.tmp");
            List<String> command = new ArrayList<>(List.of("g++", "-shared", "-Wl,-soname," + name, "-o", made.toString()));
            objects.forEach(object -> command.add(object.toString()));
            run(command);
            Files.move(made, library, StandardCopyOption.ATOMIC_MOVE);
        }
        return library;
    }

    /** The kernels of a file, macros and all. */
    private static List<String> kernels(Path file) throws IOException {
        List<String> command = new ArrayList<>(List.of("g++"));
        command.addAll(OPTIONS);
        command.addAll(List.of("-E", "-P", "-x", "c++", file.toString()));
        TreeSet<String> names = new TreeSet<>();
        for (Matcher kernel = KERNEL.matcher(run(command)); kernel.find();) {
            names.add(kernel.group(1));
        }
        return List.copyOf(names);
    }

    /** A file compiled, with its kernels made known to the driver. */
    private static Path object(Path file, List<String> kernels) throws IOException {
        StringBuilder text = new StringBuilder("#include \"emulated_kernels.h\"\n#include \"" + file.toAbsolutePath() + "\"\n");
        kernels.forEach(name -> text.append("static int registered_%s = emu_register(\"%s\", %s);%n".formatted(name, name, name)));
        StringBuilder everything = new StringBuilder(text).append(OPTIONS).append(Files.readString(file));
        for (Path header : Stream.concat(files(SOURCES, ".cuh").stream(), files(EMULATOR, ".h").stream()).toList()) {
            everything.append(Files.readString(header));
        }
        Path object = BUILT.resolve(file.getFileName() + "-" + sha256(everything.toString().getBytes()) + ".o");
        if (!Files.exists(object)) {
            Path source = Files.writeString(BUILT.resolve(file.getFileName() + ".cpp"), text);
            Path made = BUILT.resolve("object.tmp");
            List<String> command = new ArrayList<>(List.of("g++"));
            command.addAll(OPTIONS);
            command.addAll(List.of("-c", "-o", made.toString(), source.toString()));
            run(command);
            Files.move(made, object, StandardCopyOption.ATOMIC_MOVE);
        }
        return object;
    }

    private static List<Path> files(Path folder, String ending) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.toString().endsWith(ending)).sorted().toList();
        }
    }

    private static boolean there(String program) {
        return Stream.of(System.getenv("PATH").split(":")).anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    private static String run(List<String> command) throws IOException {
        Path errors = Files.createTempFile(BUILT, "errors", ".txt");
        try {
            Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
            String printed = new String(process.getInputStream().readAllBytes());
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + "\n" + Files.readString(errors));
            }
            return printed;
        } catch (InterruptedException stopped) {
            throw new IllegalStateException(stopped);
        } finally {
            Files.delete(errors);
        }
    }

    private static String sha256(byte[] text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text)).substring(0, 16);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
