package org.moe4j.sweep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

import org.moe4j.io.InputException;

/** Where results go. */
final class OutputFolder {
    private OutputFolder() {}

    /** Makes a new folder.
     *
     *  @throws InputException if it can't be written, or has something in it already */
    static void make(Path folder) {
        try {
            Files.createDirectories(folder);
            try (Stream<Path> inside = Files.list(folder)) {
                if (inside.findAny().isPresent()) {
                    throw new InputException("output folder " + folder + " is not empty; give another --out, or --resume to go on with what is in it");
                }
            }
        } catch (IOException unwritable) {
            throw InputException.writing(folder, unwritable);
        }
    }
}
