"""A relay that takes no mail: `python refusing.py HOST PORT`."""

import asyncio
import sys

from aiosmtpd.smtp import SMTP


class Refusing:
    async def handle_RCPT(self, *_: object) -> str:
        return "550 5.7.1 Relaying denied"


async def main(host: str, port: str) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Refusing(), hostname="relay.test"), host, int(port))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
