// What can be made of trained models? surgery upcycle|mix|grow|prune|extract|add-domain|tune DIR --out DIR, on folders of checkpoints
import org.moe4j.cli.Surgery;

void main(String[] args) {
    System.exit(Surgery.run(args));
}
