package org.moe4j.sweep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.stream.Stream;

import org.moe4j.io.InputException;

/** Where results go. */
public final class OutputFolder {
    private OutputFolder() {}

    /** Makes a new folder.
     *
     *  @throws InputException if it can't be written, or has something in it already */
    static void make(Path folder) {
        makeIfMissing(folder);
        requireEmpty(folder);
    }

    /** Makes a folder, before minutes are spent on what goes into it.
     *
     *  @throws InputException if it can't be made, or is a file */
    public static void makeIfMissing(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException unwritable) {
            throw InputException.writing(folder, unwritable);
        }
    }

    /** Refuses a folder that has something in it.
     *
     *  @throws InputException if it has, or is a file */
    static void requireEmpty(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> inside = Files.list(folder)) {
            if (inside.findAny().isPresent()) {
                throw new InputException("output folder " + folder + " is not empty; give another --out, or --resume to go on with what is in it");
            }
        } catch (NotDirectoryException file) {
            throw new InputException("output folder " + folder + " is a file; give another --out", file);
        } catch (IOException unreadable) {
            throw InputException.writing(folder, unreadable);
        }
    }
}
