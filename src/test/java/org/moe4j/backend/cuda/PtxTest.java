package org.moe4j.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The PTX that is shipped comes from the sources that are here, and assembles. It takes no GPU to see that. */
class PtxTest {
    private static final Path SOURCES = Path.of("src/main/cuda");
    private static final Path RESOURCES = Path.of("src/main/resources/org/moe4j/backend/cuda");

    @BeforeAll
    static void compiler() {
        Assumptions.assumeTrue(System.getProperty("os.arch").equals("amd64"), "NVIDIA's PTX compiler for Java is for x86-64");
        NativeLibraries.unpackingApart(() -> JNvPTXCompiler.setExceptionsEnabled(false));
    }

    static List<String> forms() {
        return Kernels.FILES.stream().flatMap(file -> Stream.of(file + ".sm_80", file + ".sm_90")).toList();
    }

    @Test
    void everySourceIsLoadedAndNothingElse() throws IOException {
        assertThat(files(SOURCES, ".cu")).containsExactlyInAnyOrderElementsOf(Kernels.FILES);
        assertThat(files(RESOURCES, ".ptx")).containsExactlyInAnyOrderElementsOf(forms());
    }

    @ParameterizedTest
    @MethodSource("forms")
    void isOfItsSource(String form) throws Exception {
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        sha256.update(Files.readAllBytes(SOURCES.resolve(form.substring(0, form.indexOf('.')) + ".cu")));
        for (String header : files(SOURCES, ".cuh")) {
            sha256.update(Files.readAllBytes(SOURCES.resolve(header + ".cuh")));
        }
        assertThat(ptx(form).lines().findFirst()).as("the first line of %s, which src/main/cuda/build (mvn -Pcuda) makes anew", form)
                .contains("// source-sha256: " + HexFormat.of().formatHex(sha256.digest()));
    }

    /** By the compiler of CUDA 12.0, a driver's of that age: what asks for a newer one is seen. */
    @ParameterizedTest
    @MethodSource("forms")
    void assembles(String form) throws IOException {
        byte[] text = ptx(form).getBytes();
        nvPTXCompilerHandle compiler = new nvPTXCompilerHandle();
        assertThat(JNvPTXCompiler.nvPTXCompilerCreate(compiler, text.length, text)).isZero();
        try {
            String[] options = {"--gpu-name=sm_90", "--warn-on-spills"};
            int code = JNvPTXCompiler.nvPTXCompilerCompile(compiler, options.length, options);
            assertThat(code).as(() -> log(compiler)).isZero();
        } finally {
            JNvPTXCompiler.nvPTXCompilerDestroy(compiler);
        }
    }

    private static String log(nvPTXCompilerHandle compiler) {
        long[] size = new long[1];
        JNvPTXCompiler.nvPTXCompilerGetErrorLogSize(compiler, size);
        byte[] text = new byte[(int) size[0] + 1];
        JNvPTXCompiler.nvPTXCompilerGetErrorLog(compiler, text);
        return new String(text).strip();
    }

    private static String ptx(String form) throws IOException {
        return Files.readString(RESOURCES.resolve(form + ".ptx"));
    }

    /** Names without the ending, in order. */
    private static List<String> files(Path folder, String ending) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).filter(name -> name.endsWith(ending)).sorted()
                    .map(name -> name.substring(0, name.length() - ending.length())).toList();
        }
    }
}
