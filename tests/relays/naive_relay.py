"""A relay as somebody writes one in an afternoon: aiosmtpd takes mail in, smtplib sends it, a thread tries again.

It keeps its queue in memory, returns nothing, knows one code, and forgets what is refused for good.
"""

import json
import smtplib
import ssl
import sys
import threading
import time
from pathlib import Path

import dns.resolver
from aiosmtpd.controller import Controller


class Relay:
    def __init__(self, config):
        self.config, self.queue, self.lock = config, [], threading.Lock()
        self.resolver = dns.resolver.Resolver(configure=False)
        self.resolver.nameservers, self.resolver.port = [config["dns"][0]], config["dns"][1]
        self.resolver.lifetime = config["timeout"]
        self.tls = ssl.create_default_context(cafile=config["anchors"])

    async def handle_DATA(self, server, session, envelope):
        for recipient in envelope.rcpt_tos:
            message = {"from": envelope.mail_from, "to": recipient, "error": ""}
            self.change(lambda message=message: self.queue.append(message))
            threading.Thread(target=self.deliver, args=(message, envelope.content), daemon=True).start()
        return "250 queued"

    def change(self, edit):
        with self.lock:
            edit()
            Path("queue.new").write_text(json.dumps(self.queue))
            Path("queue.new").rename("queue.json")

    def deliver(self, message, content):
        ends = time.time() + self.config["lifetime"]
        while time.time() < ends:
            try:
                self.send(message, content)
                break
            except smtplib.SMTPResponseException as error:
                text = f"{error.smtp_code} {error.smtp_error.decode()}"
                if error.smtp_code >= 500:
                    break
            except Exception as error:  # noqa: BLE001 - as their author wrote it
                text = f"450 4.4.1 {error}"
            self.change(lambda text=text: message.update(error=text))
            time.sleep(self.config["retry"])
        self.change(lambda: self.queue.remove(message))

    def send(self, message, content):
        hosts, tls = self.config["routes"][message["to"].partition("@")[2]]
        address = self.resolver.resolve(hosts[0], "A")[0].to_text()
        with smtplib.SMTP(address, self.config["port"], timeout=self.config["timeout"]) as smtp:
            smtp.ehlo()
            if tls:
                smtp._host = hosts[0]
                smtp.starttls(context=self.tls)
            smtp.sendmail(message["from"], [message["to"]], content)


config = json.loads(Path(sys.argv[1]).read_text())
Controller(Relay(config), *config["listen"]).start()
threading.Event().wait()
