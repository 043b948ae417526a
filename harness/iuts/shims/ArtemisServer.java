// Artemis from its Maven packages is a library: this is its main program.
// java ArtemisServer FOLDER-OF-DATA ACCEPTOR-URL...
import org.apache.activemq.artemis.core.config.Configuration;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.server.JournalType;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;

public class ArtemisServer {
  public static void main(String[] args) throws Exception {
    String data = args[0];
    Configuration configuration = new ConfigurationImpl().setName("wirelaw")
        .setSecurityEnabled(false).setPersistenceEnabled(true).setJournalType(JournalType.NIO)
        .setMaxDiskUsage(100)
        .setJournalDirectory(data + "/journal").setBindingsDirectory(data + "/bindings")
        .setLargeMessagesDirectory(data + "/large").setPagingDirectory(data + "/paging");
    for (int i = 1; i < args.length; i++) {
      configuration.addAcceptorConfiguration("mqtt" + i, args[i]);
    }
    EmbeddedActiveMQ server = new EmbeddedActiveMQ();
    server.setConfiguration(configuration);
    server.start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        server.stop();
      } catch (Exception error) {
        error.printStackTrace();
      }
    }));
    System.out.println("ready");
    Thread.currentThread().join();
  }
}
