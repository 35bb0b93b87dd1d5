package org.moe4j.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The peers that {@code --peers} looks for on this machine, on a device by PyTorch's name of it: cpu, cuda or cuda:N. */
enum PeerKind {
    OPENBLAS {
        @Override
        String missing(String device) {
            return device.equals(TorchProgram.CPU) ? OpenBlas.missing() : null;
        }

        @Override
        List<Peer> open(String work, Size size, String device, int threads) {
            return device.equals(TorchProgram.CPU) && OpenBlasPeer.does(work) ? List.of(new OpenBlasPeer(work, size, threads)) : List.of();
        }
    },
    TORCH {
        @Override
        String missing(String device) {
            return TorchProgram.missing(device);
        }

        @Override
        List<Peer> open(String work, Size size, String device, int threads) {
            return TorchProgram.open(work, size, device, threads);
        }
    },
    DJL_TORCH {
        @Override
        String missing(String device) {
            return DjlTorch.missing(device);
        }

        @Override
        List<Peer> open(String work, Size size, String device, int threads) {
            return DjlTorch.open(work, size, threads);
        }
    };

    /** Why it cannot run here, or null if it can. */
    abstract String missing(String device);

    /** It in each of its ways to do this work, none if it cannot. */
    abstract List<Peer> open(String work, Size size, String device, int threads);

    /** Those that are installed; what is missing is said in one line. */
    static List<PeerKind> installed(String device) {
        List<PeerKind> there = new ArrayList<>(Arrays.asList(values()));
        List<String> missing = new ArrayList<>();
        there.removeIf(kind -> {
            String why = kind.missing(device);
            if (why != null) {
                missing.add(why);
            }
            return why != null;
        });
        if (!missing.isEmpty()) {
            System.out.println("Peers not run: " + String.join("; ", missing) + ".");
        }
        return there;
    }
}
