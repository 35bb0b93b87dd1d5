package org.moe4j.backend.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import jcuda.driver.JCudaDriver;

/**
 * Loads JCuda's native library and the driver, once. JCuda unpacks its library to a fixed name in the folder for temporary
 * files, with no lock: JVMs that start together load half-written files and crash. So it gets a folder of this process' own
 * to unpack to. With the library on {@code java.library.path} nothing is unpacked.
 */
final class NativeLibraries {
    private static final String TEMPORARY = "java.io.tmpdir";
    private static LinkageError verdict;
    private static boolean loaded;

    private NativeLibraries() {}

    /** @throws LinkageError the first one that loading met, however often this is called: later ones don't say the reason */
    static synchronized void load() {
        if (verdict != null) {
            throw verdict;
        }
        if (loaded) {
            return;
        }
        try {
            unpackingApart(() -> JCudaDriver.setExceptionsEnabled(false));        // the first touch; CudaException looks at codes
            loaded = true;
        } catch (LinkageError absent) {
            verdict = absent;
            throw absent;
        }
    }

    /** @param touch loads a class of JCuda's that unpacks a library */
    static synchronized void unpackingApart(Runnable touch) {
        String shared = System.getProperty(TEMPORARY);
        Path own;
        try {
            own = Files.createTempDirectory("moe4j-jcuda-");                      // for this user alone
        } catch (IOException noRoom) {
            throw new UnsatisfiedLinkError("no folder to unpack JCuda's library to in " + shared + ": " + noRoom.getMessage());
        }
        System.setProperty(TEMPORARY, own.toString());
        try {
            touch.run();
        } finally {
            System.setProperty(TEMPORARY, shared);
            delete(own);
        }
    }

    /** A loaded file may go, except on Windows, where it is in use until the process ends. */
    private static void delete(Path folder) {
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                if (!file.toFile().delete()) {
                    file.toFile().deleteOnExit();
                }
            }
            Files.delete(folder);
        } catch (IOException stillInUse) {
            folder.toFile().deleteOnExit();
        }
    }
}
