// Package story holds scripts that play a whole story on a Windows of their
// own, with the released releve.exe, real packages, a real registry and
// virtual readers. The test bench runs each in a fresh prefix:
//
//	packaging/testbench/wine/run story
//	packaging/testbench/wine/run story facts
//
// The scripts lie under testdata, in the language of testscript, with these
// commands beside its own:
//
//	impersonate BUILD     programs see this build of Windows
//	status N COMMAND...   the exit status of a command
//	galss-ini FILE        C:\Windows\galss.ini, as it is
//	galss install         the stand-in of GALSS, in its real folder
//	galss start|stop      starts it from its folder, with the PATH of the machine
//	card SLOT CARD        puts cps3, cps4 or vitale into reader 0 or 1
//	nocard SLOT           takes it out again
//	nowmic                takes wmic.exe away, as Windows 11 24H2 does
//	dism FILE             dism.exe answers as FILE says (see ../dism)
//	msiexec FILE          msiexec.exe answers as FILE says (see ../msiexec)
//	msi PACKAGE           installs a package of the bench (see ../msi)
//	snapshot NAME         remembers the parts of the machine that releve may change
//	unchanged NAME        requires that they are the same bytes
//	cuts 'COMMAND' 'BACK'         ends the command at each line of its journal and in between, BACK takes it back
//	package TARGET [FILE]...  a package for releve-repo add
//	console N FILE COMMAND...     a person at a terminal, who waits and presses keys as FILE says
//	as-service N COMMAND...       by a service, without a person
//	same-run A B                  requires the same plan and result of the last runs with these state folders
//	copytree FROM TO      copies a folder
//
// $WINDIR, $PROGRAMS (the programs of the bench), $MSI (its packages) and
// $SRV (the folder of SrvSVCNAM) are set. A condition [wine] holds under Wine,
// [all-cuts] where RELEVE_CUTS asks for all of them.
package story
