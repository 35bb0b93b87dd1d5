package org.moe4j.golden;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.io.InputException;

/** A folder of reference cases: every safetensors file in it and below. An {@code index.json} may list them. A single file will do as well. */
public final class GoldenFolder {
    private static final String INDEX = "index.json";
    private static final int THREADS = 2;                                         // cases are small; results don't depend on it

    private final Path folder;

    public GoldenFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * Verifies every case of a folder.
     *
     * @param on the back ends; a case passes if it does on each
     * @throws InputException if there is no such folder, or no case in it
     */
    public static GoldenReport verify(Path folder, Backend... on) {
        GoldenFolder golden = new GoldenFolder(folder);
        List<CaseResult> results = new ArrayList<>();
        List<Path> files = golden.files();
        for (Path file : files) {
            results.add(golden.verifyFile(file, on));
        }
        return new GoldenReport(results, golden.remarks(files));
    }

    /**
     * The back ends to verify on.
     *
     * @param device reference, simd, cuda or both of the first
     * @throws InputException if it is none of these
     */
    public static Backend[] devices(String device) {
        if (Backends.isDevice(device)) {
            return new Backend[] {Backends.open(device, THREADS)};
        }
        return switch (device) {
            case "reference", "simd" -> new Backend[] {Backends.open(device, THREADS)};
            case "both" -> new Backend[] {Backends.open("reference", THREADS), Backends.open("simd", THREADS)};
            default -> throw InputException.unknown("device", device, List.of("reference", "simd", "both", "cuda"));
        };
    }

    /**
     * The files of the cases, in the order of their names.
     *
     * @throws InputException if there is no such folder, or no case in it
     */
    public List<Path> files() {
        if (Files.isRegularFile(folder)) {
            return List.of(folder);
        }
        if (!Files.isDirectory(folder)) {
            throw new InputException("there is no folder " + folder + ": give one that holds golden cases (*.safetensors)");
        }
        try (Stream<Path> all = Files.walk(folder)) {
            List<Path> files = all.filter(f -> f.toString().endsWith(".safetensors") && Files.isRegularFile(f)).sorted().toList();
            if (files.isEmpty()) {
                throw new InputException("the folder " + folder + " holds no golden cases (*.safetensors)");
            }
            return files;
        } catch (IOException unreadable) {
            throw InputException.reading(folder, unreadable);
        }
    }

    /** Verifies one file; whatever is wrong with it is told in the result. */
    public CaseResult verifyFile(Path file, Backend... on) {
        try {
            GoldenCase c = GoldenCase.read(file);
            CaseResult result = new CaseResult(c.name(), Outcome.PASSED, "");
            for (Backend backend : on) {
                result = result.and(new Verification(backend).verify(c));
            }
            return result;
        } catch (RuntimeException unsound) {
            return new CaseResult((file.equals(folder) ? file : folder.relativize(file)).toString(), Outcome.FAILED, String.valueOf(unsound.getMessage()));
        }
    }

    private List<String> remarks(List<Path> files) {
        Path index = folder.resolve(INDEX);
        if (!Files.isReadable(index)) {
            return List.of();
        }
        try {
            List<String> absent = new ArrayList<>();
            for (JsonNode entry : new ObjectMapper().readTree(Files.readString(index))) {
                String file = entry.path("file").asText();
                if (!file.isEmpty() && !files.contains(folder.resolve(file))) {
                    absent.add(file);
                }
            }
            return absent.isEmpty() ? List.of() : List.of(INDEX + " also lists files that are not here: " + String.join(", ", absent));
        } catch (IOException malformed) {
            return List.of(INDEX + " could not be read: " + malformed.getMessage().lines().findFirst().orElse("malformed"));
        }
    }
}
